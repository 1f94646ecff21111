import { expect, test } from 'vitest';
import { toTemplateMessage, toToolCall } from '../../src/chat/chat-message.js';

test('messages take the shape that chat templates know', () => {
  expect(toTemplateMessage({ role: 'user', content: 'x', name: 'ignored' } as never)).toEqual({
    role: 'user',
    content: 'x',
  });
  expect(toTemplateMessage({ role: 'tool', toolCallId: 'c1', name: 'add', content: '2' })).toEqual({
    role: 'tool',
    tool_call_id: 'c1',
    name: 'add',
    content: '2',
  });
  const call = toToolCall({ id: 'c1', name: 'add', arguments: '{"a": 1}' }, 0);
  expect(toTemplateMessage({ role: 'assistant', content: '', reasoning: 'hm', toolCalls: [call] })).toEqual({
    role: 'assistant',
    content: '',
    reasoning_content: 'hm',
    tool_calls: [{ id: 'c1', type: 'function', function: { name: 'add', arguments: '{"a": 1}' } }],
  });
  expect(toTemplateMessage({ role: 'assistant', content: 'x', reasoning: '', toolCalls: [] })).toEqual({
    role: 'assistant',
    content: 'x',
  });
});

test('a call that was cut off is no JSON: templates, which parse it, get an empty object', () => {
  const cut = toToolCall({ id: 'c1', name: 'add', arguments: '{"a": ' }, 0);
  expect(cut).toMatchObject({ arguments: '{"a": ', input: undefined });
  expect(toTemplateMessage({ role: 'assistant', content: '', toolCalls: [cut] })).toMatchObject({
    tool_calls: [{ function: { name: 'add', arguments: '{}' } }],
  });
});

test('a call without an id gets one of its place', () => {
  const ids = [0, 1].map((index) => toToolCall({ id: '', name: 'add', arguments: '{}' }, index).id);
  expect(ids).toEqual(['call00000', 'call00001']);
});
