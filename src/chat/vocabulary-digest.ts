import { createHash } from 'node:crypto';
import type { TokenCodec } from '../backend/backend.js';
import { asBanyanError } from '../kit/errors.js';
import type { ChatMessage } from './chat-message.js';
import { toChatSettings } from './chat-options.js';
import { renderChat } from './render-chat.js';

/** Ids that are written out in one go: a fraction of a millisecond. */
const IDS = 4_096;

/** A conversation that shows how a template writes turns, calls and results. */
const SAID: readonly ChatMessage[] = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: 'The weather in Oslo?' },
  { role: 'assistant', content: 'I look.', reasoning: 'A tool knows.' },
  { role: 'user', content: 'Do.' },
];
const CALL = { id: 'call00001', name: 'weather', input: { city: 'Oslo' }, arguments: '{"city":"Oslo"}' };
const CALLED: readonly ChatMessage[] = [
  ...SAID,
  { role: 'assistant', content: '', toolCalls: [CALL] },
  { role: 'tool', toolCallId: 'call00001', name: 'weather', content: '{"celsius":7}' },
];
const TOOLS = [{ name: 'weather', description: 'Weather of a city', parameters: { type: 'object' } }] as const;

const known = new WeakMap<TokenCodec, { whole: Promise<string>; digest: string | undefined }>();

/**
 * SHA-256, in hex, of how a model's token ids read and how its template writes a conversation: where two models have the same one, the
 * ids of a conversation mean the same to both. '': it tells no ids. Computed once; rejects with CLOSED.
 */
export function vocabularyDigest(codec: TokenCodec): Promise<string> {
  const found = known.get(codec);
  if (found) return found.whole;
  const one: { whole: Promise<string>; digest: string | undefined } = { whole: compute(codec), digest: undefined };
  known.set(codec, one);
  one.whole.then(
    (digest) => {
      one.digest = digest;
    },
    () => known.delete(codec),
  );
  return one.whole;
}

/** Whether ids of one mean the same to the other. What `vocabularyDigest()` has not told yet counts as another. */
export function sameVocabulary(one: TokenCodec, other: TokenCodec): boolean {
  if (one.inMessages || other.inMessages) return false;
  if (one === other) return true;
  const [digest, theirs] = [known.get(one)?.digest, known.get(other)?.digest];
  return digest !== undefined && digest === theirs;
}

async function compute(codec: TokenCodec): Promise<string> {
  if (codec.inMessages) return '';
  const { vocabSize, eosText } = codec.info;
  const hash = createHash('sha256').update(JSON.stringify([vocabSize, eosText]));
  for (let first = 0; first < vocabSize; first += IDS) {
    const ids = Int32Array.from({ length: Math.min(IDS, vocabSize - first) }, (_, at) => first + at);
    hash.update(`${codec.detokenize(ids, true)}\0`);
    await new Promise((resolve) => setImmediate(resolve));
  }
  hash.update(await written(codec, SAID, []));
  if (codec.info.supportsTools) hash.update(await written(codec, CALLED, TOOLS));
  return hash.digest('hex');
}

/** What a template that refuses a conversation says of it is how it writes it. */
async function written(codec: TokenCodec, messages: readonly ChatMessage[], tools: typeof TOOLS | readonly []) {
  const asked = renderChat(codec, toChatSettings({ tools }, undefined), messages);
  return asked.then(
    ({ prompt }) => `${prompt}\0`,
    (reason) => {
      const { code } = asBanyanError(reason);
      if (code === 'CLOSED') throw reason;
      return `${code}\0`;
    },
  );
}
