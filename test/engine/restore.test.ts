import { expect, test } from 'vitest';
import type { Turn } from '../../src/engine/turn.js';
import { scripted } from '../../testing/engine/scripted-engine.js';
import { callText } from '../../testing/engine/scripted-text.js';
import { codeOf, errorOf } from '../support/expect-code.js';

const tools = [{ name: 'add', description: '', parameters: {} }];
const result = { role: 'tool', toolCallId: 'c1', name: 'add', content: '2' } as const;
const calling = () =>
  scripted((prompt) => (prompt.includes('<|tool|>') ? '(sum)It is 2.' : callText('c1', 'add', '{"a":1}')));

test('turns that were restored are the turns themselves', async () => {
  const original = calling().engine.session({ system: 'S', tools });
  expect(original.lastTurn).toBeUndefined();
  const turns: [Parameters<typeof original.generate>[0], Turn][] = [];
  for (const message of ['1+1?', result]) {
    await original.generate(message);
    turns.push([message, JSON.parse(JSON.stringify(original.lastTurn))]);
  }
  const { engine, native } = calling();
  const copy = engine.session({ system: 'S', tools });
  for (const [message, turn] of turns) copy.restore(message, turn);
  expect(native.requests).toEqual([]);
  expect([copy.tokens, copy.messages, copy.lastTurn]).toEqual([original.tokens, original.messages, original.lastTurn]);
  await Promise.all([original.generate('Sure?'), copy.generate('Sure?')]);
  expect(copy.tokens).toEqual(original.tokens);
});

test('a turn that said nothing changes nothing', () => {
  const session = calling().engine.session();
  const message = { content: '', reasoning: '', toolCalls: [] };
  session.restore('x', { prompt: [1], tokens: [], staticTokens: 0, message, finishReason: 'cancelled' });
  expect([session.tokens.length, session.messages]).toEqual([0, []]);
});

test.each<[string, object]>([
  ['turn.prompt', { prompt: 'abc' }],
  ['turn.prompt[1]', { prompt: [1, 2 ** 31] }],
  ['turn.tokens[0]', { tokens: [Number.NaN] }],
  ['turn.staticTokens', { staticTokens: -1 }],
  ['turn.finishReason', { finishReason: 'done' }],
  ['turn.message', { message: null }],
  ['turn.message.content', { message: { content: 1, reasoning: '', toolCalls: [] } }],
  ['turn.message.toolCalls[0].id', { message: { content: '', reasoning: '', toolCalls: [{}] } }],
  ['extra', { extra: 1 }],
])('a turn with a wrong %s is refused, and the session stays free', async (field, change) => {
  const { engine } = calling();
  const session = engine.session();
  await session.generate('x');
  const turn = { ...(session.lastTurn as Turn), ...change };
  expect(await errorOf(() => session.restore('y', turn))).toMatchObject({ code: 'INVALID_OPTION', field });
  expect(session.messages).toHaveLength(2);
  expect((await session.generate(result)).text).toBe('It is 2.');
});

test('not during a turn, nor after the end', async () => {
  const { engine } = calling();
  const session = engine.session();
  await session.generate('x');
  const turn = session.lastTurn as Turn;
  const running = session.generate('y');
  expect(await codeOf(() => session.restore('z', turn))).toBe('SESSION_BUSY');
  await running;
  await session.close();
  expect(await codeOf(() => session.restore('z', turn))).toBe('CLOSED');
});
