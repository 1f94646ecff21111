import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { scripted } from '../../testing/engine/scripted-engine.js';
import { callText } from '../../testing/engine/scripted-text.js';
import { codeOf } from '../support/expect-code.js';

test('a turn appends: everything before it is cached', async () => {
  const { engine, native } = scripted((prompt) => (prompt.includes('two?') ? 'Two.' : 'One.'));
  const session = engine.session({ system: 'Be brief.' });
  await session.generate('one?');
  const before = session.tokens;
  const second = await session.generate('two?');
  const prompt = native.requests[1]?.prompt ?? new Int32Array();
  expect([...prompt.subarray(0, before.length)]).toEqual([...before]);
  expect(engine.detokenize(session.tokens, { special: true })).toBe(
    '<s><|system|>Be brief.<|end|>\n<|user|>one?<|end|>\n<|assistant|>One.<|end|>\n<|user|>two?<|end|>\n<|assistant|>Two.',
  );
  expect(second.usage.cachedTokens).toBe(before.length);
});

test('the history reads as the template would have written it', async () => {
  const { engine, native } = scripted(() => 'Yes.');
  const session = engine.session({ system: 'S' });
  for (const text of ['a', 'b', 'c']) await session.generate(text);
  const whole = await native.renderChat({
    messages: session.messages.map(({ role, content }) => ({ role, content })),
    tools: [],
    addGenerationPrompt: false,
  } as never);
  expect(`${engine.detokenize(session.tokens, { special: true })}<|end|>\n`).toBe(whole.prompt);
});

test('a turn cut by a limit is closed by the next one', async () => {
  const { engine } = scripted((prompt) => (prompt.includes('more') ? 'Done.' : { steps: ['Once up'], end: 'length' }));
  const session = engine.session();
  await session.generate('tell');
  await session.generate('more');
  expect(engine.detokenize(session.tokens, { special: true })).toBe(
    '<s><|user|>tell<|end|>\n<|assistant|>Once up<|end|>\n<|user|>more<|end|>\n<|assistant|>Done.',
  );
});

test('an empty answer is an answer', async () => {
  const { engine } = scripted(() => ({ steps: [] }));
  const session = engine.session();
  await session.generate('Say nothing');
  await session.generate('Again');
  expect(session.messages.map(({ content }) => content)).toEqual(['Say nothing', '', 'Again', '']);
});

test('tool results are a turn', async () => {
  const call = callText('c1', 'add', '{"a":1}');
  const { engine } = scripted((prompt) => (prompt.includes('<|tool|>') ? 'It is 2.' : call));
  const session = engine.session({ tools: [{ name: 'add', description: '', parameters: {} }] });
  const first = await session.generate('1+1?');
  expect(first.toolCalls).toMatchObject([{ id: 'c1', name: 'add', input: { a: 1 } }]);
  await session.generate({ role: 'tool', toolCallId: 'c1', name: 'add', content: '2' });
  const text = engine.detokenize(session.tokens, { special: true });
  expect(text.endsWith(`<|assistant|>${call}<|end|>\n<|tool|>2<|end|>\n<|assistant|>It is 2.`)).toBe(true);
  expect(session.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'assistant']);
});

test('forks share the past and nothing else', async () => {
  const { engine } = scripted((prompt) => prompt.slice(-20).replace(/<.*?>/g, '').trim());
  const trunk = engine.session({ system: 'S' });
  await trunk.generate('root');
  const [a, b] = [trunk.fork(), trunk.fork()];
  const results = await Promise.all([a.generate('left'), b.generate('right')]);
  for (const { usage } of results) expect(usage.cachedTokens).toBeGreaterThanOrEqual(trunk.tokens.length - 1);
  expect(trunk.messages).toHaveLength(3);
  expect(a.messages.at(-2)?.content).toBe('left');
  expect(b.messages.at(-2)?.content).toBe('right');
});

test('a turn renders its own messages, not the history; so does that of a fork', async () => {
  const { engine, native } = scripted(() => 'ok');
  const session = engine.session({ system: 'S' });
  for (const text of ['a', 'b', 'c', 'd']) await session.generate(text);
  await session.fork().generate('e');
  expect(native.renders.map(({ messages }) => messages.length)).toEqual([2, 3, 3, 3, 3]);
});

test('one turn at a time', async () => {
  const { engine } = scripted(() => 'ok');
  const session = engine.session();
  const first = session.generate('a');
  expect(session.busy).toBe(true);
  expect(await codeOf(() => session.generate('b'))).toBe('SESSION_BUSY');
  await first;
  expect((await session.generate('b')).text).toBe('ok');
});

test('a turn cancelled before its first token leaves the session as it was', async () => {
  const { engine, native } = scripted(() => 'ok');
  const session = engine.session();
  await session.generate('a');
  const before = session.tokens;
  native.paused = true;
  const waiting = session.generate('b');
  await turn();
  waiting.cancel();
  native.resume();
  expect(await waiting).toMatchObject({ finishReason: 'cancelled', tokens: [] });
  expect([...session.tokens]).toEqual([...before]);
  expect(session.messages).toHaveLength(2);
});

test('a turn aborted later stays as far as it came, and the session goes on', async () => {
  const { engine } = scripted((prompt) => (prompt.includes('again') ? 'ok' : { steps: ['a', 'b', 'c'] }));
  const session = engine.session();
  const stop = new AbortController();
  const read = async () => {
    for await (const event of session.generate('x', { signal: stop.signal })) if (event.type === 'text') stop.abort();
  };
  expect(await codeOf(read)).toBe('ABORTED');
  expect(session.messages).toMatchObject([{ content: 'x' }, { content: 'a' }]);
  await session.generate('again');
  expect(engine.detokenize(session.tokens, { special: true })).toBe(
    '<s><|user|>x<|end|>\n<|assistant|>a<|end|>\n<|user|>again<|end|>\n<|assistant|>ok',
  );
});

test('a turn that fails leaves the session as it was', async () => {
  const error = { code: 'ENGINE_FAILED', message: 'no' };
  const { engine } = scripted((prompt) => (prompt.includes('bad') ? { steps: ['half'], error } : 'ok'));
  const session = engine.session();
  expect(await codeOf(() => session.generate('bad'))).toBe('ENGINE_FAILED');
  expect(session.tokens).toHaveLength(0);
  expect((await session.generate('good')).text).toBe('ok');
});

test('closing a session cancels its turn and ends it, not the engine', async () => {
  const { engine, native } = scripted(() => ({ steps: ['a', 'b', 'c'] }));
  const session = engine.session();
  const generation = session.generate('x');
  await turn();
  await turn();
  await session[Symbol.asyncDispose]();
  expect(native.cancelled).toEqual([1]);
  expect(await generation).toMatchObject({ finishReason: 'cancelled' });
  for (const call of [() => session.generate('y'), () => session.fork()]) expect(await codeOf(call)).toBe('CLOSED');
  expect((await engine.generate('z')).text).toBe('abc');
});

test('wrong options are told when the session is made', async () => {
  const { engine } = scripted(() => 'ok');
  expect(await codeOf(() => engine.session({ temperature: -1 }))).toBe('INVALID_OPTION');
  expect(await codeOf(() => engine.session({ messages: [{ role: 'robot' }] as never }))).toBe('INVALID_MESSAGES');
  expect(await codeOf(() => engine.session({ sytem: 'x' } as never))).toBe('INVALID_OPTION');
  expect(await codeOf(() => engine.session().generate('x', { tools: [] } as never))).toBe('INVALID_OPTION');
});

test('options of a session are those of its turns, unless a turn has its own', async () => {
  const { engine, native } = scripted(() => 'ok');
  const session = engine.session({ temperature: 0.5, maxTokens: 7, class: 'background' });
  await session.generate('a');
  await session.generate('b', { temperature: 0, class: 'workflow' });
  const asked = native.requests.map(({ sampling, maxTokens, ...rest }) => [
    sampling.temperature,
    maxTokens,
    rest.class,
  ]);
  expect(asked).toEqual([
    [0.5, 7, 'background'],
    [0, 7, 'workflow'],
  ]);
});

test('sessions of two tenants carry their salt', async () => {
  const { engine, native } = scripted(() => 'ok');
  await engine.session({ tenant: 'a' }).generate('x');
  expect(native.requests[0]?.salt).toBe('a');
});
