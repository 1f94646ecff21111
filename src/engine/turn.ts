import { checkInteger, checkKeys, checkOneOf, checkText, invalidOption } from '../kit/option-checks.js';
import type { NativeMessage, NativeToolCall } from '../native/binding.js';
import { FINISH_REASONS, type FinishReason } from '../native/vocabulary.js';

/** A finished turn of a session as plain data: `session.lastTurn` gives it, `session.restore()` takes it. Survives JSON. */
export interface Turn {
  /**
   * Token ids that followed the session's own: the new messages, in the words of the chat template. Where messages were
   * dropped: all of the prompt.
   */
  readonly prompt: readonly number[];
  /** Token ids of the answer, as sampled. */
  readonly tokens: readonly number[];
  /** How many of the session's first tokens are instructions and tools. */
  readonly staticTokens: number;
  /** The answer as it was read. */
  readonly message: NativeMessage;
  readonly finishReason: FinishReason;
  /** Messages, the oldest, that the session forgot to make room for it (`onOverflow: 'trim'`). Default 0. */
  readonly dropped?: number | undefined;
}

/** What a session has of a turn that was cancelled before its first token. */
export const VOID_TURN: Turn = {
  prompt: [],
  tokens: [],
  staticTokens: 0,
  message: { content: '', reasoning: '', toolCalls: [] },
  finishReason: 'cancelled',
};

/** Cancelled before its first token: nothing was said, and the session stays as it was. */
export function isVoid({ tokens, finishReason }: Pick<Turn, 'tokens' | 'finishReason'>): boolean {
  return tokens.length === 0 && finishReason === 'cancelled';
}

/** A copy. Throws INVALID_OPTION. The vocabulary's bounds are checked natively, with the next prompt. */
export function checkTurn(turn: Turn): Turn & { dropped: number } {
  checkKeys('turn', turn, ['prompt', 'tokens', 'staticTokens', 'message', 'finishReason', 'dropped']);
  return {
    prompt: checkIds('turn.prompt', turn.prompt),
    tokens: checkIds('turn.tokens', turn.tokens),
    staticTokens: checkInteger('turn.staticTokens', turn.staticTokens, 0, 2 ** 30),
    message: checkAnswer(turn.message),
    finishReason: checkOneOf('turn.finishReason', turn.finishReason, FINISH_REASONS),
    dropped: checkInteger('turn.dropped', turn.dropped ?? 0, 0, 2 ** 30),
  };
}

function checkIds(field: string, tokens: readonly number[]): number[] {
  if (!Array.isArray(tokens)) throw invalidOption(field, 'a list of token ids', tokens);
  return tokens.map((token, index) => checkInteger(`${field}[${index}]`, token, 0, 2 ** 31 - 1));
}

function checkAnswer(message: NativeMessage): NativeMessage {
  checkKeys('turn.message', message, ['content', 'reasoning', 'toolCalls']);
  const { content, reasoning, toolCalls } = message;
  if (!Array.isArray(toolCalls)) throw invalidOption('turn.message.toolCalls', 'a list', toolCalls);
  return {
    content: checkText('turn.message.content', content),
    reasoning: checkText('turn.message.reasoning', reasoning),
    toolCalls: toolCalls.map((call, index) => checkCall(`turn.message.toolCalls[${index}]`, call)),
  };
}

function checkCall(field: string, call: NativeToolCall): NativeToolCall {
  checkKeys(field, call, ['id', 'name', 'arguments']);
  return {
    id: checkText(`${field}.id`, call.id),
    name: checkText(`${field}.name`, call.name),
    arguments: checkText(`${field}.arguments`, call.arguments),
  };
}
