import type { TokenCodec } from '../backend/backend.js';
import type { FinishReason } from '../native/vocabulary.js';
import type { AssistantMessage, ChatMessage } from './chat-message.js';
import type { ChatSettings } from './chat-options.js';
import { type KnownPlace, type Place, tokensBefore, tokensUpTo } from './marks/prompt-marks.js';
import type { Summary } from './overflow/context-change.js';
import { fitHistory, roomToAnswer, unlessTooLong } from './overflow/fit-history.js';
import type { Overflow } from './overflow/overflow-options.js';
import { summaryRoom } from './overflow/summary.js';
import { marksOf, type Prepared, preparedChat } from './prompt.js';
import { renderChat } from './render-chat.js';
import { turnDelta } from './turn-delta.js';

/** Enough to recognise the end of a tool call in a rendered turn. */
const TAIL_TOKENS = 16;

/** A conversation as token ids, up to the turn that comes next. */
export interface TurnPast {
  readonly tokens: Int32Array;
  /** How many of the first tokens are instructions and tools. */
  readonly staticTokens: number;
  /** The turn before; undefined before the first one. */
  readonly last: PastTurn | undefined;
  /** Places that were found in earlier turns. */
  readonly known: readonly KnownPlace[];
}

/** A turn that has ended. */
export interface PastTurn {
  /** Where the tokens of its answer begin. */
  readonly answer: number;
  /** Its answer as the conversation has it. */
  readonly said: AssistantMessage;
  readonly finishReason: FinishReason;
}

/** A conversation as messages, with the turn that comes next (of `toConversation`, `toContinuation`). */
export interface TurnMessages {
  /** The whole conversation. */
  readonly messages: readonly ChatMessage[];
  /** The messages that the tokens do not have yet. */
  readonly added: readonly ChatMessage[];
  /** The messages of the caller, the last ones of `added`. */
  readonly said: readonly ChatMessage[];
  /** Places that are asked for; undefined: none, and nothing is told of the prompt. */
  readonly places?: readonly Place[] | undefined;
}

/** A turn that is ready to run, and what the conversation is with it. */
export interface NextTurn extends Prepared {
  /** With a `change` all of its tokens are new. */
  readonly messages: readonly ChatMessage[];
  /** Places that are known with it, its end among them. */
  readonly known: readonly KnownPlace[];
}

export interface NextTurnOptions {
  overflow: Overflow;
  /** Tokens of the answer, -1 for as many as fit; 0: none is wanted yet. */
  maxTokens: number;
  signal: AbortSignal | undefined;
  /** Has the model write a summary of the past; undefined: nothing is to be run, and what is forgotten has none. */
  summarise: (() => Promise<Summary>) | undefined;
}

/**
 * The prompt of a conversation's next turn: its tokens as they are, and what the turn adds. Where that no longer fits, it makes
 * room as `overflow` says, or it rejects with PROMPT_TOO_LONG. Nothing is done for a signal that has aborted.
 */
export async function nextTurn(
  codec: TokenCodec,
  past: TurnPast,
  next: TurnMessages,
  settings: ChatSettings,
  { overflow, maxTokens, signal, summarise }: NextTurnOptions,
): Promise<NextTurn> {
  signal?.throwIfAborted();
  if (overflow.how === 'error') return wholeTurn(codec, past, next, settings);
  const { maxContext } = codec.info;
  const whole = await unlessTooLong(() => wholeTurn(codec, past, next, settings));
  const most = maxContext - roomToAnswer(maxContext, maxTokens);
  if (whole && whole.prompt.length <= most - (await roomToSummarise(codec, overflow, whole.prompt))) return whole;
  const render = (kept: readonly ChatMessage[]) => renderChat(codec, settings, kept);
  const fitted = await fitHistory({ ...next, overflow, maxContext, most, render, summarise });
  if (!fitted) return whole ?? wholeTurn(codec, past, next, settings); // what must stay is too long by itself
  const { chat, messages, ...lost } = fitted;
  const marks = next.places && (await marksOf(codec, chat, messages, next.places));
  const change = { ...lost, before: past.tokens.length, after: chat.tokens.length };
  return { ...(await preparedChat(codec, chat, messages)), messages, change, marks, known: [] };
}

/** Tokens that a template writes around the order to summarise; rather too many. */
const AROUND = 32;

/** Tokens to leave free so that a summary of all can be asked for and written; never more than a quarter of the context. */
async function roomToSummarise(codec: TokenCodec, overflow: Overflow, { length }: Int32Array): Promise<number> {
  const { maxContext } = codec.info;
  if (overflow.how !== 'compact' || length <= maxContext / 2) return 0;
  const order = await codec.tokenizeLater(overflow.summaryPrompt, false);
  return Math.min(summaryRoom(overflow, maxContext) + order.length + AROUND, Math.ceil(maxContext / 4));
}

/** Nothing is forgotten. */
async function wholeTurn(
  codec: TokenCodec,
  { tokens, staticTokens, last, known }: TurnPast,
  { messages, added, places }: TurnMessages,
  settings: ChatSettings,
): Promise<NextTurn> {
  if (last === undefined || codec.inMessages) {
    const whole = last === undefined ? added : messages;
    const chat = await renderChat(codec, settings, whole);
    const found = places && (await marksOf(codec, chat, whole, places));
    const prepared = await preparedChat(codec, chat, whole);
    return { ...prepared, messages, ...marked(messages, places, found, known, prepared.prompt.length) };
  }
  const render = (minimal: readonly ChatMessage[]) => renderChat(codec, settings, minimal);
  const template = { render, parallelCalls: codec.info.supportsParallelCalls };
  const tail = codec.detokenize(tokens.subarray(Math.max(last.answer, tokens.length - TAIL_TOKENS)), true);
  const byItself = last.finishReason === 'stop' || last.finishReason === 'tool-calls';
  const delta = await turnDelta(template, { message: last.said, tail, byItself }, added);
  const { text, literal } = delta;
  const appended = await codec.tokenizeChat(text, literal);
  const prompt = joined(tokens, appended);
  const tokenize = (piece: string) =>
    codec.tokenizeChat(
      piece,
      literal.map((at) => Math.min(at, piece.length)),
    );
  const first = messages.length - added.length;
  const isPast = ({ message }: Place) => message === undefined || messages.lastIndexOf(message) < first;
  const later = places?.filter((place) => !isPast(place)) ?? [];
  const found = await tokensUpTo({ text, tokens: appended }, added, later, tokenize);
  const all = places?.map((place) =>
    isPast(place)
      ? tokensBefore(known, place.message ? messages.indexOf(place.message) : -1, place.characters)
      : tokens.length + (found[later.indexOf(place)] as number),
  );
  const marks = marked(messages, places, all, known, prompt.length);
  return { prompt, staticTokens, chat: delta.chat.format, grammar: null, messages, ...marks };
}

/** `found`: tokens before each of the places. What is known now is theirs, and that the prompt ends with its last message. */
function marked(
  messages: readonly ChatMessage[],
  places: readonly Place[] | undefined,
  found: readonly number[] | undefined,
  known: readonly KnownPlace[],
  end: number,
): Pick<NextTurn, 'marks' | 'known'> {
  const now = (places ?? []).flatMap(({ message, characters }, index): KnownPlace[] =>
    message ? [{ message: messages.indexOf(message), characters, tokens: found?.[index] ?? 0 }] : [],
  );
  const last = { message: messages.length - 1, characters: Number.POSITIVE_INFINITY, tokens: end };
  return { marks: found, known: [...known, ...now.filter(({ message }) => message >= 0), last] };
}

/** Token ids one behind the other, in a new array. */
export function joined(...parts: ArrayLike<number>[]): Int32Array {
  const whole = new Int32Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
