import type { TokenCodec } from '../backend/backend.js';
import type { FinishReason } from '../native/vocabulary.js';
import type { AssistantMessage, ChatMessage } from './chat-message.js';
import type { ChatSettings } from './chat-options.js';
import { type Prepared, preparedChat } from './prompt.js';
import { renderChat } from './render-chat.js';
import { type OnOverflow, roomToAnswer, trimmedChat, unlessTooLong } from './trim-history.js';
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
}

/** A turn that is ready to run, and what the conversation is with it. */
export interface NextTurn extends Prepared {
  readonly messages: readonly ChatMessage[];
  /** Messages that it forgot; above 0 all of its tokens are new. */
  readonly dropped: number;
}

/** `maxTokens`: of the answer, 0 for as many as fit. */
export interface NextTurnOptions {
  onOverflow: OnOverflow;
  maxTokens: number;
  signal: AbortSignal | undefined;
}

/**
 * The prompt of a conversation's next turn: its tokens as they are, and what the turn adds. Where that no longer fits, the
 * oldest messages are forgotten, or it rejects with PROMPT_TOO_LONG. Nothing is done for a signal that has aborted.
 */
export async function nextTurn(
  codec: TokenCodec,
  past: TurnPast,
  next: TurnMessages,
  settings: ChatSettings,
  { onOverflow, maxTokens, signal }: NextTurnOptions,
): Promise<NextTurn> {
  signal?.throwIfAborted();
  if (onOverflow === 'error') return wholeTurn(codec, past, next, settings);
  const { maxContext } = codec.info;
  const most = maxContext - roomToAnswer(maxContext, maxTokens);
  const whole = await unlessTooLong(() => wholeTurn(codec, past, next, settings));
  if (whole && whole.prompt.length <= most) return whole;
  const render = (kept: readonly ChatMessage[]) => renderChat(codec, settings, kept);
  const goals = [Math.floor(maxContext / 2), most, maxContext - 1];
  const trimmed = await trimmedChat(next.messages, next.said, goals, render);
  if (!trimmed) return whole ?? wholeTurn(codec, past, next, settings); // what comes now is too long by itself
  const { chat, messages, dropped } = trimmed;
  return { ...(await preparedChat(codec, chat, messages)), messages, dropped };
}

/** Nothing is forgotten. */
async function wholeTurn(
  codec: TokenCodec,
  { tokens, staticTokens, last }: TurnPast,
  { messages, added }: TurnMessages,
  settings: ChatSettings,
): Promise<NextTurn> {
  if (last === undefined) {
    const chat = await renderChat(codec, settings, added);
    return { ...(await preparedChat(codec, chat, added)), messages, dropped: 0 };
  }
  const render = (minimal: readonly ChatMessage[]) => renderChat(codec, settings, minimal);
  const template = { render, parallelCalls: codec.info.supportsParallelCalls };
  const tail = codec.detokenize(tokens.subarray(Math.max(last.answer, tokens.length - TAIL_TOKENS)), true);
  const byItself = last.finishReason === 'stop' || last.finishReason === 'tool-calls';
  const delta = await turnDelta(template, { message: last.said, tail, byItself }, added);
  const prompt = joined(tokens, await codec.tokenizeChat(delta.text, delta.literal));
  return { prompt, staticTokens, chat: delta.chat.format, grammar: null, messages, dropped: 0 };
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
