import { type ChatMessage, toToolCall } from '../../chat/chat-message.js';
import { toContinuation, toConversation } from '../../chat/conversation.js';
import { type KnownPlace, type PromptMark, toPlaces } from '../../chat/marks/prompt-marks.js';
import { joined, type PastTurn, type TurnMessages } from '../../chat/next-turn.js';
import { isRewritten, isVoid, type Turn } from '../turn.js';

/** Everything a session is. Shared by forks, replaced as a whole when a turn ends. */
export interface History {
  /** Prompt and output of every turn: the truth. */
  readonly tokens: Int32Array;
  /** What was said and not forgotten, as messages: how the tokens read. */
  readonly messages: readonly ChatMessage[];
  /** How many of the first tokens are instructions and tools. */
  readonly staticTokens: number;
  /** The turn that ended last; undefined before the first one. */
  readonly last: LastTurn | undefined;
  /** Messages that were pushed: the next turn begins with them. */
  readonly pushed: readonly ChatMessage[];
  /** How many tokens come before places of the messages. */
  readonly known: readonly KnownPlace[];
}

/** A turn that has ended: its prompt is tokens [begin, answer), its answer those from `answer` on. */
export interface LastTurn extends PastTurn, Pick<Turn, 'message' | 'dropped' | 'shortened' | 'summary'> {
  readonly begin: number;
}

/** A past of messages that are no tokens yet. */
export function untold(messages: readonly ChatMessage[], pushed: readonly ChatMessage[] = []): History {
  return { tokens: new Int32Array(0), messages, staticTokens: 0, last: undefined, pushed, known: [] };
}

/** The turn that ended last, as data; undefined before the first one. */
export function lastTurnOf({ tokens, staticTokens, last }: History): Turn | undefined {
  if (!last) return undefined;
  const { begin, answer, message, finishReason, dropped, shortened, summary } = last;
  const [prompt, output] = [tokens.subarray(begin, answer), tokens.subarray(answer)];
  const lost = { dropped, ...(Number(shortened) > 0 && { shortened }), ...(summary && { summary }) };
  return { prompt: [...prompt], tokens: [...output], staticTokens, message, finishReason, ...lost };
}

/** The conversation with what comes now, and what of it the tokens do not have yet. Throws INVALID_MESSAGES. */
export function continued(
  { messages, last, pushed: before }: History,
  said: readonly ChatMessage[],
  pushed = before,
  marks?: readonly PromptMark[],
): TurnMessages {
  const places = marks && toPlaces([...messages, ...pushed, ...said], marks);
  if (!last) {
    const whole = toConversation([...messages, ...pushed, ...said]);
    return { messages: whole, added: whole, said, places };
  }
  const added = toContinuation(last.said, [...pushed, ...said]);
  return { messages: [...messages, ...added], added, said, places };
}

/** The past with one more turn; undefined: nothing was said in it. */
export function withTurn(
  history: History,
  messages: readonly ChatMessage[],
  prompt: ArrayLike<number>,
  turn: Omit<Turn, 'prompt'>,
  known: readonly KnownPlace[],
): History | undefined {
  const { tokens, message, finishReason, staticTokens, dropped, shortened, summary } = turn;
  const { content, reasoning, toolCalls } = message;
  if (isVoid({ tokens, text: content, reasoning, toolCalls, finishReason })) return undefined;
  const said = saidIn(message);
  const past = isRewritten(turn) ? new Int32Array(0) : history.tokens;
  const begin = past.length;
  return {
    tokens: joined(past, prompt, tokens),
    staticTokens,
    messages: [...messages, said],
    pushed: [],
    known,
    last: { begin, answer: begin + prompt.length, message, finishReason, said, dropped, shortened, summary },
  };
}

/** The past whose last answer went on with `tokens`: `message` is all of it. */
export function withRest(
  history: History,
  last: LastTurn,
  { tokens, message, finishReason }: Pick<Turn, 'tokens' | 'message' | 'finishReason'>,
): History {
  const said = saidIn(message);
  return {
    ...history,
    tokens: joined(history.tokens, tokens),
    messages: [...history.messages.slice(0, -1), said],
    last: { ...last, message, finishReason, said },
  };
}

function saidIn({ content, reasoning, toolCalls }: Turn['message']) {
  return { role: 'assistant' as const, content, reasoning, toolCalls: toolCalls.map(toToolCall) };
}
