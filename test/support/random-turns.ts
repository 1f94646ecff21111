import fc from 'fast-check';
import { expect } from 'vitest';
import type { ChatMessage, ToolCall } from '../../src/chat/chat-message.js';
import type { Session } from '../../src/engine/session.js';

// Turns of a session that has tools, as long and as odd as they may come.

export const ADDER = [
  { name: 'add', description: 'Adds', parameters: { type: 'object', properties: { a: { type: 'integer' } } } },
];

export const result = ({ id, name }: ToolCall, content = 'a result'): ChatMessage => ({
  ...{ role: 'tool', toolCallId: id, name, content },
});

export const said = (session: Session) => session.messages.map(({ role, content }) => `${role}: ${content}`);

/** What is said of the calls of the turn before, how much, and what the turn may answer. */
export const turn = fc.record({
  words: fc.integer({ min: 0, max: 200 }),
  results: fc.constantFrom('all', 'reversed', 'some', 'none', 'pushed'),
  ask: fc.boolean(),
  toolChoice: fc.constantFrom('auto' as const, 'required' as const, 'none' as const),
  maxTokens: fc.constantFrom(undefined, 1, 12, 40, 80),
  again: fc.boolean(),
});

type RandomTurn = typeof turn extends fc.Arbitrary<infer T> ? T : never;

/** The messages of such a turn; results that are pushed are the session's already. */
export function messagesOf(
  { words, results, ask }: RandomTurn,
  index: number,
  calls: readonly ToolCall[],
  session: Session,
): ChatMessage[] {
  const whole = calls.map((call) => result(call, 'word '.repeat(words / (calls.length + 1))));
  const some = results === 'all' ? whole : results === 'some' ? whole.slice(1) : [...whole].reverse();
  const now: ChatMessage[] = results === 'none' || results === 'pushed' ? [] : some;
  if (results === 'pushed' && whole.length > 0) session.push(whole);
  if (ask || now.length === 0) now.push({ role: 'user', content: `Q${index} ${'word '.repeat(words / 2)}` });
  return now;
}

/** Each call has its result right behind it, but for the last turn's. */
export function expectPaired(messages: readonly ChatMessage[]): void {
  let open: string[] = [];
  for (const message of messages) {
    if (message.role === 'tool') expect(open.shift()).toBe(message.toolCallId);
    else {
      expect(open).toEqual([]);
      open = message.role === 'assistant' ? (message.toolCalls ?? []).map(({ id }) => id) : [];
    }
  }
}
