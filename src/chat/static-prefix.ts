import type { TokenCodec } from '../backend/backend.js';
import { LruCache } from '../kit/lru-cache.js';
import type { RenderedChat } from '../native/binding.js';
import type { ChatMessage } from './chat-message.js';

type Tokenizer = Pick<TokenCodec, 'tokenizeLater'>;

/** Texts whose tokens are kept, a tokenizer: agents of few kinds share few beginnings. */
const MOST_KNOWN = 16;
const MOST_CHARACTERS = 2 ** 22;
const known = new WeakMap<Tokenizer, LruCache<Promise<Int32Array>>>();

/**
 * How many of a rendered conversation's first tokens come before what was said in it: instructions and tools, which many
 * conversations share, and which leave the cache last.
 */
export async function staticTokens(
  codec: Tokenizer,
  chat: RenderedChat,
  messages: readonly ChatMessage[],
): Promise<number> {
  const said = messages.find(({ role }) => role !== 'system')?.content;
  const at = said ? chat.prompt.indexOf(said, endOfInstructions(chat, messages)) : -1;
  if (at <= 0) return 0;
  const tokens = await tokensOf(codec, chat.prompt.slice(0, at));
  let length = 0;
  while (length < tokens.length && tokens[length] === chat.tokens[length]) length++;
  return length;
}

/** What is said may stand in the instructions too. */
function endOfInstructions(chat: RenderedChat, messages: readonly ChatMessage[]): number {
  const system = messages[0]?.role === 'system' ? messages[0].content : '';
  return Math.max(0, chat.prompt.indexOf(system) + system.length);
}

function tokensOf(codec: Tokenizer, text: string): Promise<Int32Array> {
  const texts = known.get(codec) ?? new LruCache(MOST_KNOWN, MOST_CHARACTERS);
  known.set(codec, texts);
  return texts.get(text, () => codec.tokenizeLater(text, true));
}
