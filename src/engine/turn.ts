import type { ContextChange, Summary } from '../chat/overflow/context-change.js';
import { checkInteger, checkKeys, checkNumber, checkOneOf, checkText, invalidOption } from '../kit/option-checks.js';
import type { NativeMessage, NativeToolCall } from '../native/binding.js';
import { FINISH_REASONS, type FinishReason } from '../native/vocabulary.js';

/** A finished turn of a session as plain data: `session.lastTurn` gives it, `session.restore()` takes it. Survives JSON. */
export interface Turn {
  /**
   * Token ids that followed the session's own: the new messages, in the words of the chat template. Where the session made
   * room: all of the prompt.
   */
  readonly prompt: readonly number[];
  /** Token ids of the answer, as sampled. */
  readonly tokens: readonly number[];
  /** How many of the session's first tokens are instructions and tools. */
  readonly staticTokens: number;
  /** The answer as it was read. */
  readonly message: NativeMessage;
  readonly finishReason: FinishReason;
  /** Messages, the oldest, that the session forgot to make room for it (`onOverflow`). Default 0. */
  readonly dropped?: number | undefined;
  /** Results of tools, of those that stay, that it cut to make room. Default 0. */
  readonly shortened?: number | undefined;
  /** What stands for the messages that it forgot. Default: nothing. */
  readonly summary?: Summary | undefined;
}

/** What a session has of a turn in which nothing was said. */
export const VOID_TURN: Turn = {
  prompt: [],
  tokens: [],
  staticTokens: 0,
  message: { content: '', reasoning: '', toolCalls: [] },
  finishReason: 'cancelled',
};

/**
 * Nothing was said: it was cancelled before its first token, or was asked for none (`maxTokens: 0`). The session stays as it was.
 * A model that ends its turn at once has said that.
 */
export function isVoid(turn: VoidOrNot): boolean {
  const { tokens, text, reasoning, toolCalls, finishReason } = turn;
  const silent = tokens.length === 0 && text === '' && reasoning === '' && toolCalls.length === 0;
  return silent && (finishReason === 'cancelled' || finishReason === 'length');
}

/** What of an answer says whether something was said. In chat mode it has no tokens. */
interface VoidOrNot {
  readonly tokens: readonly number[];
  readonly text: string;
  readonly reasoning: string;
  readonly toolCalls: readonly unknown[];
  readonly finishReason: FinishReason;
}

/** True: the session made room for it, and its prompt is the whole one. */
export function isRewritten({ dropped = 0, shortened = 0 }: Pick<Turn, 'dropped' | 'shortened'>): boolean {
  return dropped > 0 || shortened > 0;
}

/** What a session of `before` tokens lost to make room for this turn; undefined: nothing. */
export function changeOf(turn: Turn, before: number): ContextChange | undefined {
  if (!isRewritten(turn)) return undefined;
  const { dropped = 0, shortened = 0, summary, prompt } = turn;
  return { dropped, shortened, summary, before, after: prompt.length };
}

const TURN_KEYS = [
  'prompt',
  'tokens',
  'staticTokens',
  'message',
  'finishReason',
  'dropped',
  'shortened',
  'summary',
] as const satisfies (keyof Turn)[];

/** A copy. Throws INVALID_OPTION. The vocabulary's bounds are checked natively, with the next prompt. */
export function checkTurn(turn: Turn): Turn & { dropped: number; shortened: number } {
  checkKeys('turn', turn, TURN_KEYS);
  return {
    prompt: checkIds('turn.prompt', turn.prompt),
    tokens: checkIds('turn.tokens', turn.tokens),
    staticTokens: checkInteger('turn.staticTokens', turn.staticTokens, 0, 2 ** 30),
    message: checkAnswer(turn.message),
    finishReason: checkOneOf('turn.finishReason', turn.finishReason, FINISH_REASONS),
    dropped: checkInteger('turn.dropped', turn.dropped ?? 0, 0, 2 ** 30),
    shortened: checkInteger('turn.shortened', turn.shortened ?? 0, 0, 2 ** 30),
    ...(turn.summary !== undefined && { summary: checkSummary(turn.summary) }),
  };
}

function checkSummary(summary: Summary): Summary {
  checkKeys('turn.summary', summary, ['text', 'unseen', 'usage']);
  const { text, unseen, usage } = summary;
  const count = (key: keyof Summary['usage'], check = checkInteger) =>
    check(`turn.summary.usage.${key}`, Object(usage)[key], 0, 2 ** 31);
  return {
    text: checkText('turn.summary.text', text),
    unseen: checkInteger('turn.summary.unseen', unseen, 0, 2 ** 30),
    usage: {
      promptTokens: count('promptTokens'),
      cachedTokens: Object(usage).cachedTokens === null ? null : count('cachedTokens'),
      computedTokens: count('computedTokens'),
      outputTokens: count('outputTokens'),
      queueMs: count('queueMs', checkNumber),
    },
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
