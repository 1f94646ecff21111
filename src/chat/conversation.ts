import {
  type AssistantMessage,
  type ChatMessage,
  checkMessages,
  invalidMessage,
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

/** The latest calls of an id that wait for their result, the last one first. */
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

/** What a session adds to the turn that it had last. Throws as `toConversation` does. */
export function toContinuation(last: AssistantMessage, added: readonly ChatMessage[]): ChatMessage[] {
  checkMessages(added);
  return withResults([last, ...added], true, 1).slice(1);
}

function withResults(messages: readonly ChatMessage[], answered: boolean, skipped: number): ChatMessage[] {
  const turns: { message: ChatMessage; results: (ToolMessage | undefined)[] }[] = [];
  const open: Open = new Map();
  for (const [index, message] of messages.entries()) {
    if (message.role === 'tool') {
      const call = open.get(message.toolCallId)?.pop();
      const field = `messages[${index - skipped}].toolCallId`;
      if (!call) throw invalidMessage(field, 'belongs to no call before it that has no result yet');
      call.results[call.position] = { ...message, name: message.name ?? call.name };
      continue;
    }
    const calls = callsOf(message);
    const results: (ToolMessage | undefined)[] = calls.map(() => undefined);
    // The first of two calls with one id is to be answered first.
    for (const [position, { id, name }] of [...calls.entries()].reverse()) {
      open.set(id, [...(open.get(id) ?? []), { results, position, name }].slice(-MOST_OF_ONE_ID));
    }
    turns.push({ message, results });
  }
  return turns.flatMap(({ message, results }, index) => {
    const last = index === turns.length - 1 && !answered;
    return [message, ...callsOf(message).flatMap((call, i) => results[i] ?? (last ? [] : noResult(call)))];
  });
}

/** Models without ids of their own have the same ones in each turn: old ones that were never answered are forgotten. */
const MOST_OF_ONE_ID = 64;

const noResult = ({ id, name }: { id: string; name: string }): ToolMessage => ({
  role: 'tool',
  toolCallId: id,
  name,
  content: NO_RESULT,
});

export const callsOf = (message: ChatMessage) => (message.role === 'assistant' ? (message.toolCalls ?? []) : []);
