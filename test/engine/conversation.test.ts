import { expect, test } from 'vitest';
import type { ChatMessage, ToolCall } from '../../src/chat/chat-message.js';
import { NO_RESULT, toContinuation, toConversation } from '../../src/chat/conversation.js';
import { codeOf, errorOf } from '../support/expect-code.js';

const call = (id: string): ToolCall => ({ id, name: `tool ${id}`, arguments: '{}', input: {} });
const calls = (...ids: string[]): ChatMessage => ({ role: 'assistant', content: '', toolCalls: ids.map(call) });
const result = (id: string, content = `result ${id}`): ChatMessage => ({
  ...{ role: 'tool', toolCallId: id, name: `tool ${id}`, content },
});
const user: ChatMessage = { role: 'user', content: 'x' };
const said: ChatMessage = { role: 'assistant', content: 'y' };

test('results stand behind their calls, in the order of the calls', () => {
  expect(toConversation([user, calls('a', 'b'), result('b'), result('a')])).toEqual([
    ...[user, calls('a', 'b'), result('a'), result('b')],
  ]);
  expect(toConversation([user, calls('a', 'b'), result('a'), user, result('b')])).toEqual([
    ...[user, calls('a', 'b'), result('a'), result('b'), user],
  ]);
});

test('calls without a result get one that says so, but not at the end of a beginning', () => {
  expect(toConversation([user, calls('a', 'b'), result('b'), user])).toEqual([
    ...[user, calls('a', 'b'), result('a', NO_RESULT), result('b'), user],
  ]);
  expect(toConversation([user, calls('a')])).toEqual([user, calls('a'), result('a', NO_RESULT)]);
  expect(toConversation([user, calls('a')], false)).toEqual([user, calls('a')]);
});

test('an id that comes again means the latest call that has no result', () => {
  const history = [user, calls('a'), result('a', '1'), calls('a', 'a'), result('a', '2'), result('a', '3')];
  expect(toConversation(history)).toEqual(history);
});

test('a result without a call is refused by its place', async () => {
  for (const history of [
    [user, result('a')],
    [user, calls('a'), result('b')],
    [user, calls('a'), result('a'), result('a')],
  ]) {
    const field = `messages[${history.length - 1}].toolCallId`;
    expect(await errorOf(() => toConversation(history))).toMatchObject({ code: 'INVALID_MESSAGES', field });
  }
  expect(await errorOf(() => toContinuation(said as never, [result('a')]))).toMatchObject({
    field: 'messages[0].toolCallId',
  });
});

test('what follows a turn with calls begins with their results', () => {
  expect(toContinuation(calls('a', 'b') as never, [user, result('b')])).toEqual([
    ...[result('a', NO_RESULT), result('b'), user],
  ]);
  expect(toContinuation(said as never, [user])).toEqual([user]);
});

test('wrong messages are refused by their field', async () => {
  for (const message of [
    { ...result('a'), toolCallId: undefined },
    { ...said, content: 1 },
  ]) {
    expect(await codeOf(() => toConversation([user, calls('a'), message as never]))).toBe('INVALID_MESSAGES');
  }
});
