import type { TokenCodec } from '../backend/backend.js';
import { promptHint } from '../kit/advice/foreign-shapes.js';
import { BanyanError } from '../kit/errors.js';
import { invalidOption } from '../kit/option-checks.js';
import type { ChatFormat, Grammar, RenderedChat } from '../native/binding.js';
import type { NativeModelInfo } from '../native/reports/model-info.js';
import { type ChatMessage, invalidMessage } from './chat-message.js';
import type { ChatSettings } from './chat-options.js';
import { toConversation } from './conversation.js';
import { type Place, tokensUpTo } from './marks/prompt-marks.js';
import type { ContextChange } from './overflow/context-change.js';
import { checkCountFits, checkTextFits } from './prompt-size.js';
import { renderChat } from './render-chat.js';
import { staticTokens } from './static-prefix.js';
import { checkToolsCanBeShown } from './tool-spec.js';

/**
 * What the model reads. Messages go through its chat template: that is how a question is asked. A text is a raw
 * completion: the model goes on writing it, and knows of no question. Token ids go in unchanged.
 */
export type Prompt = string | RawTokens | readonly ChatMessage[];

type RawTokens = Int32Array | readonly number[];

/** A prompt that is ready to run, all of it: what a request adds to its settings. */
export interface Prepared {
  readonly prompt: Int32Array;
  /** How many of its first tokens are instructions and tools, which leave the cache last. */
  readonly staticTokens: number;
  /**
   * With how many of its tokens the next prompt begins, however its template writes the answer. Of calls without a session, and
   * of models with recurrent layers: their state is saved there.
   */
  readonly boundary?: number;
  /** How many of its tokens come before each mark; undefined: none was asked for. */
  readonly marks?: readonly number[] | undefined;
  /** What the conversation lost to make room for it; undefined: nothing. */
  readonly change?: ContextChange | undefined;
  /** What of it is to be kept, the first `tokens` each, and how long. Default: as long as there is room. */
  readonly keep?: readonly { readonly tokens: number; readonly ttlMs: number }[] | undefined;
  /** The grammar, stop texts and reading of a rendered chat; null: the prompt is a text or token ids. */
  readonly chat: ChatFormat | null;
  /** The grammar of an answer without a chat; null: none, or the one in `chat`. */
  readonly grammar: Grammar | null;
}

/** A prompt that was checked, with the settings of its answer; nothing was computed yet. */
export interface CheckedPrompt {
  readonly prompt: Prompt;
  readonly settings: ChatSettings;
}

/** A prompt (of `readPrompt`) as far as it can be checked at once. Throws INVALID_MESSAGES, INVALID_OPTION, MODEL_UNSUPPORTED. */
export function checkPrompt(info: NativeModelInfo, prompt: Prompt, settings: ChatSettings): CheckedPrompt {
  if (isMessages(prompt)) {
    if (!Array.isArray(prompt)) {
      const message = `The prompt must be a text, a list of messages or token ids${promptHint(prompt)}`;
      throw new BanyanError('INVALID_MESSAGES', message, { field: 'messages' });
    }
    const messages = toConversation(prompt);
    if (settings.continueAnswer) checkBegun(messages);
    checkToolsCanBeShown(info, settings.tools);
    return { prompt: messages, settings };
  }
  if (settings.tools.length > 0) {
    throw invalidOption('tools', 'left out unless the prompt is messages', settings.tools);
  }
  if (settings.continueAnswer) throw invalidOption('continueAnswer', 'left out unless the prompt is messages', true);
  return { prompt: checkRaw(info, prompt), settings };
}

/** Throws INVALID_MESSAGES for a conversation that does not end with the beginning of an answer. */
function checkBegun(messages: readonly ChatMessage[]): void {
  const last = messages.at(-1);
  if (last?.role === 'assistant' && last.content !== '' && !last.toolCalls?.length) return;
  throw invalidMessage('messages', 'must end with what the assistant has said, a text, for `continueAnswer`');
}

/** What of the answer the prompt has; '' for a new one. */
export function begunOf({ prompt, settings }: CheckedPrompt): string {
  return settings.continueAnswer && isMessages(prompt) ? (prompt.at(-1)?.content ?? '') : '';
}

/**
 * Renders and tokenizes, on other threads. Nothing is done for a signal that has aborted. Rejects with INVALID_MESSAGES,
 * INVALID_TEMPLATE, INVALID_GRAMMAR, INVALID_SCHEMA, PROMPT_TOO_LONG, CLOSED.
 */
export async function preparePrompt(
  codec: TokenCodec,
  { prompt, settings }: CheckedPrompt,
  signal?: AbortSignal,
  places?: readonly Place[],
): Promise<Prepared> {
  signal?.throwIfAborted();
  if (isMessages(prompt)) {
    const chat = await renderChat(codec, settings, prompt);
    const boundary = codec.info.states > 0 ? await boundaryOf(codec, settings, prompt, chat) : 0;
    const marks = places && (await marksOf(codec, chat, prompt, places));
    return { ...(await preparedChat(codec, chat, prompt)), boundary, marks };
  }
  const { grammar, jsonSchema } = settings;
  return {
    prompt: await rawTokens(codec, prompt),
    staticTokens: 0,
    ...(places && { marks: places.map(() => 0) }),
    chat: null,
    grammar: grammar || jsonSchema ? await codec.parseGrammar(grammar, jsonSchema) : null,
  };
}

/** Where the generation prompt begins: templates drop or rewrite what an answer held, and the next prompt leaves this one there. */
async function boundaryOf(
  codec: TokenCodec,
  settings: ChatSettings,
  messages: readonly ChatMessage[],
  { tokens }: RenderedChat,
): Promise<number> {
  const { tokens: said } = await renderChat(codec, settings, messages, false);
  let length = 0;
  while (length < said.length && said[length] === tokens[length]) length++;
  return length;
}

/** Tokens before each place of a conversation that was rendered as a whole. */
export function marksOf(
  codec: TokenCodec,
  { prompt: text, tokens }: RenderedChat,
  messages: readonly ChatMessage[],
  places: readonly Place[],
): Promise<number[]> {
  if (codec.inMessages) return Promise.resolve(places.map(() => 0));
  return tokensUpTo({ text, tokens }, messages, places, (piece) => codec.tokenizeLater(piece, true));
}

/** A conversation as it was rendered for its next answer. */
export async function preparedChat(
  codec: TokenCodec,
  chat: RenderedChat,
  messages: readonly ChatMessage[],
): Promise<Prepared> {
  const fixed = await staticTokens(codec, chat, messages);
  return { prompt: chat.tokens, staticTokens: fixed, chat: chat.format, grammar: null };
}

/** Throws MODEL_UNSUPPORTED where the tokens of a prompt are not known. */
export function checkCounts({ inMessages }: Pick<TokenCodec, 'inMessages'>): void {
  if (!inMessages) return;
  throw new BanyanError(
    'MODEL_UNSUPPORTED',
    'The tokens of a model in chat mode are not known: an answer says what it cost',
  );
}

/** A text or token ids, checked; more ids than fit are not looked at, `rawTokens` refuses them. Throws INVALID_OPTION. */
export function checkRaw(info: NativeModelInfo, prompt: string | RawTokens): string | RawTokens {
  return typeof prompt === 'string' || prompt.length >= info.maxContext ? prompt : checkTokens(prompt);
}

/** Rejects with PROMPT_TOO_LONG for what cannot fit, before it is tokenized or copied. */
export async function rawTokens(codec: TokenCodec, prompt: string | RawTokens): Promise<Int32Array> {
  if (typeof prompt === 'string') {
    checkTextFits(codec.info, prompt);
    return codec.tokenizeLater(prompt, true);
  }
  checkCountFits(codec.info, prompt);
  return prompt instanceof Int32Array ? prompt : checkTokens(prompt);
}

export function isMessages(prompt: Prompt): prompt is readonly ChatMessage[] {
  if (typeof prompt === 'string' || prompt instanceof Int32Array) return false;
  return !Array.isArray(prompt) || typeof prompt[0] !== 'number';
}

/** A copy: the caller may change its array while the request waits. The vocabulary's bounds are checked natively. */
export function checkTokens(tokens: RawTokens, field = 'prompt'): Int32Array {
  if (!Array.isArray(tokens) && !(tokens instanceof Int32Array))
    throw invalidOption(field, 'a list of token ids', tokens);
  const copy = new Int32Array(tokens.length);
  for (let index = 0; index < copy.length; index++) {
    const token = tokens[index] as number; // read once: it may answer otherwise the second time
    if (!Number.isInteger(token) || token < 0 || token >= 2 ** 31) {
      throw invalidOption(`${field}[${index}]`, 'a token id', token);
    }
    copy[index] = token;
  }
  return copy;
}
