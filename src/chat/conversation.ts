import {
  type AssistantMessage,
  type ChatMessage,
  checkMessages,
  invalidMessage,
  type ToolCall,
  type ToolMessage,
} from './chat-message.js';

/*
 * Calls and their results. Templates pair them by place or by id, and many refuse a conversation in which they do not match;
 * applications hold results in the order in which they came, calls that were cut off or cancelled, ids that repeat.
 *
 *   [user] [calls a b] [result b] [user]      ->      [user] [calls a b] [result a: cancelled] [result b] [user]
 */

/** The result of a call that has none, as the model reads it: the run was cancelled, timed out, met a limit. */
export const NO_RESULT = '{"error":"cancelled: no result"}';

/** A message, with the results of its calls. */
interface Answered {
  message: ChatMessage;
  results: (ToolMessage | undefined)[];
}

/** The latest calls of an id that wait for their result, the one to be answered next at the end. */
type Open = Map<string, { results: (ToolMessage | undefined)[]; position: number; name: string }[]>;

/**
 * Messages with each result right behind its calls and in their order, and a result for every call. Of the last turn only
 * where `answered`: what is asked about a beginning ends as it does. Throws INVALID_MESSAGES for a wrong message, and for a
 * result that belongs to no call before it, or to one that has a result.
 */
export function toConversation(messages: readonly ChatMessage[], answered = true): ChatMessage[] {
  checkMessages(messages);
  return withResults(messages, answered, 0);
}

/** What a session adds to the turn that it had last; `none`: the result of a call without one. Throws as `toConversation` does. */
export function toContinuation(
  last: AssistantMessage,
  added: readonly ChatMessage[],
  none: string = NO_RESULT,
): ChatMessage[] {
  if (added.length > 0) checkMessages(added);
  return withResults([last, ...added], true, 1, none).slice(1);
}

function withResults(
  messages: readonly ChatMessage[],
  answered: boolean,
  skipped: number,
  none: string = NO_RESULT,
): ChatMessage[] {
  const turns: Answered[] = [];
  const open: Open = new Map();
  for (let index = 0; index < messages.length; index++) {
    const message = messages[index] as ChatMessage;
    if (message.role === 'tool') {
      const call = open.get(message.toolCallId)?.pop();
      const field = () => `messages[${index - skipped}].toolCallId`;
      if (!call) throw invalidMessage(field(), 'belongs to no call before it that has no result yet');
      call.results[call.position] = message.name === undefined ? { ...message, name: call.name } : message;
      continue;
    }
    const results: Answered['results'] = [];
    turns.push({ message, results });
    const calls = callsOf(message);
    // The first of two calls with one id is to be answered first.
    for (let position = calls.length - 1; position >= 0; position--) {
      const { id, name } = calls[position] as ToolCall;
      const waiting = open.get(id);
      if (!waiting) open.set(id, [{ results, position, name }]);
      else if (waiting.push({ results, position, name }) > MOST_OF_ONE_ID) waiting.shift();
    }
  }
  return joined(turns, answered, none);
}

function joined(turns: readonly Answered[], answered: boolean, none: string): ChatMessage[] {
  const messages: ChatMessage[] = [];
  for (const turn of turns) {
    messages.push(turn.message);
    const open = turn === turns.at(-1) && !answered;
    callsOf(turn.message).forEach((call, position) => {
      const result = turn.results[position];
      if (result || !open) messages.push(result ?? noResult(call, none));
    });
  }
  return messages;
}

/** Models without ids of their own have the same ones in each turn: old ones that were never answered are forgotten. */
const MOST_OF_ONE_ID = 64;

const noResult = ({ id, name }: ToolCall, content: string): ToolMessage => ({
  role: 'tool',
  toolCallId: id,
  name,
  content,
});

const NONE: readonly ToolCall[] = [];

export const callsOf = (message: ChatMessage) => (message.role === 'assistant' ? (message.toolCalls ?? NONE) : NONE);
