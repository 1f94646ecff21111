import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { scripted } from '../../testing/engine/scripted-engine.js';
import { callText } from '../../testing/engine/scripted-text.js';
import { codeOf, errorOf } from '../support/expect-code.js';

const user = (content: string) => [{ role: 'user' as const, content }];

test('a generation is awaited', async () => {
  const { engine } = scripted(() => ({ steps: ['Hel', 'lo'] }));
  const result = await engine.generate('Say hello');
  expect(result).toMatchObject({ text: 'Hello', finishReason: 'stop', toolCalls: [], object: undefined });
  expect(result.tokens).toEqual([...engine.tokenize('Hello')]);
  expect(result.usage).toMatchObject({ promptTokens: 10, cachedTokens: 0, outputTokens: 5 });
});

test('a generation is read, before, while and after it is awaited', async () => {
  const { engine } = scripted(() => ({ steps: ['Hel', 'lo'] }));
  const generation = engine.generate('Say hello');
  const read = async () => {
    const texts: string[] = [];
    for await (const event of generation) if (event.type === 'text') texts.push(event.text);
    return texts;
  };
  const early = read();
  await generation;
  expect(await early).toEqual(['Hel', 'lo']);
  expect(await read()).toEqual(['Hel', 'lo']);
});

test('the tokens of its prompt are known while it waits', async () => {
  const { engine, native } = scripted(() => 'ok');
  native.paused = true;
  const generation = engine.generate('Say hello');
  expect(await generation.promptTokens).toBe(10);
  native.resume();
  expect((await generation).usage.promptTokens).toBe(10);
});

test('events end with the whole result', async () => {
  const { engine } = scripted(() => 'ok');
  const events = [];
  for await (const event of engine.generate('x')) events.push(event);
  expect(events.map(({ type }) => type)).toEqual(['tokens', 'text', 'finish']);
  expect(events.at(-1)).toMatchObject({ result: { text: 'ok' } });
});

test('reasoning, text and tool calls come apart', async () => {
  const call = callText('c1', 'add', '{"a":1}');
  const { engine } = scripted(() => ({ steps: ['(hm', 'm)Let me', ' see', call.slice(0, 9), call.slice(9)] }));
  const events = [];
  for await (const event of engine.generate(user('x'))) if (event.type !== 'tokens') events.push(event);
  expect(events.slice(0, -1)).toEqual([
    { type: 'reasoning', text: 'hm' },
    { type: 'reasoning', text: 'm' },
    { type: 'text', text: 'Let me' },
    { type: 'text', text: ' see' },
    { type: 'tool-call', index: 0, call: { id: 'c1', name: 'add', arguments: '{"a":1}', input: { a: 1 } } },
  ]);
  expect(events.at(-1)).toMatchObject({ result: { finishReason: 'tool-calls', text: 'Let me see', reasoning: 'hmm' } });
});

test('what a cancelled request had held back is told at its end', async () => {
  const { engine, native } = scripted(() => ({ steps: ['(hm)a', 'b', 'c'] }));
  const deliver = native.router.deliver.bind(native.router);
  native.router.deliver = (events) => {
    for (const event of events) {
      if (event.type === 'finish') event.message = { content: 'ab<tool', reasoning: 'hm', toolCalls: [] };
    }
    deliver(events);
  };
  const generation = engine.generate(user('x'));
  const texts: string[] = [];
  for await (const event of generation) {
    if (event.type === 'text') texts.push(event.text);
    if (texts.length === 2) generation.cancel();
  }
  expect(texts.join('')).toBe('ab<tool');
  expect((await generation).text).toBe('ab<tool');
});

test('leaving the loop cancels', async () => {
  const { engine, native } = scripted(() => ({ steps: ['a', 'b', 'c', 'd'] }));
  const generation = engine.generate('x');
  for await (const event of generation) if (event.type === 'text') break;
  expect(native.cancelled).toEqual([1]);
  expect(await generation).toMatchObject({ finishReason: 'cancelled', text: 'a' });
});

test('reading to the end cancels nothing', async () => {
  const { engine, native } = scripted(() => 'a');
  for await (const _ of engine.generate('x'));
  expect(native.cancelled).toEqual([]);
});

test('a caller that never reads stalls no other', async () => {
  const { engine } = scripted((prompt) => ({ steps: Array(50).fill(prompt.replace('<s>', '')) }));
  const unread = engine.generate('lost');
  const results = await Promise.all(['one', 'two'].map((text) => engine.generate(text)));
  expect(results.map(({ text }) => text)).toEqual(['one'.repeat(50), 'two'.repeat(50)]);
  expect((await unread).text).toHaveLength('lost'.length * 50);
});

test.each(['before', 'prepare', 'running'])('abort %s rejects with ABORTED', async (phase) => {
  const { engine, native } = scripted(() => ({ steps: ['a', 'b', 'c', 'd', 'e', 'f'] }));
  const stop = new AbortController();
  if (phase === 'before') stop.abort();
  const generation = engine.generate(user('x'), { signal: stop.signal });
  if (phase === 'prepare') stop.abort(new Error('changed my mind'));
  if (phase === 'running') {
    await turn();
    await turn();
    stop.abort();
  }
  expect(await codeOf(() => generation)).toBe('ABORTED');
  expect(native.requests).toHaveLength(phase === 'running' ? 1 : 0);
  expect(native.cancelled).toHaveLength(phase === 'running' ? 1 : 0);
});

test('an abort after the end changes nothing', async () => {
  const { engine, native } = scripted(() => 'a');
  const stop = new AbortController();
  const generation = engine.generate('x', { signal: stop.signal });
  await generation;
  stop.abort();
  generation.cancel();
  expect(await generation).toMatchObject({ finishReason: 'stop' });
  expect(native.cancelled).toEqual([]);
});

test('an aborted stream throws in the loop', async () => {
  const { engine } = scripted(() => ({ steps: ['a', 'b', 'c'] }));
  const stop = new AbortController();
  const read = async () => {
    for await (const event of engine.generate('x', { signal: stop.signal })) if (event.type === 'text') stop.abort();
  };
  expect(await codeOf(read)).toBe('ABORTED');
});

test('a failure that is not awaited is no unhandled rejection', async () => {
  const failure = { code: 'ENGINE_FAILED', message: 'out of luck' };
  const { engine } = scripted(() => ({ steps: ['a'], error: failure }));
  const generation = engine.generate('x'); // vitest fails the run on an unhandled rejection
  await turn();
  await turn();
  await turn();
  expect(await errorOf(() => generation)).toMatchObject(failure);
});

test('closing the engine ends what runs with CLOSED, and what comes later', async () => {
  const { engine } = scripted(() => ({ steps: ['a', 'b', 'c'] }));
  const generation = engine.generate('x');
  await turn();
  await engine.close();
  await engine.close();
  expect(await codeOf(() => generation)).toBe('CLOSED');
  for (const call of [
    () => engine.generate('y'),
    () => engine.session(),
    () => engine.stats(),
    () => engine.tokenize('z'),
  ]) {
    expect(await codeOf(call)).toBe('CLOSED');
  }
});

test('closing the engine while the prompt is prepared', async () => {
  const { engine, native } = scripted(() => 'ok');
  const generation = engine.generate(user('x'));
  await engine.close();
  expect(await codeOf(() => generation)).toBe('CLOSED');
  expect(native.requests).toEqual([]);
});

test.each(['abort', 'close'])('%s in the moment after the end comes too late', async (what) => {
  const { engine, native } = scripted(() => 'a');
  const stop = new AbortController();
  const deliver = native.router.deliver.bind(native.router);
  native.router.deliver = (events) => {
    deliver(events);
    if (!events.some(({ type }) => type === 'finish')) return;
    if (what === 'abort') stop.abort();
    else void engine.close();
  };
  expect(await engine.generate('x', { signal: stop.signal })).toMatchObject({ finishReason: 'stop', text: 'a' });
});

test('nothing is kept of requests that ended, well or not', async () => {
  const error = { code: 'STEP_FAILED', message: 'no' };
  const { engine, native } = scripted((prompt) => (prompt.includes('bad') ? { steps: [], error } : 'ok'));
  const all = ['good', 'bad', 'left'].map((text) => engine.generate(text));
  all[2]?.cancel();
  await Promise.allSettled(all);
  expect(native.router.size).toBe(0);
});

test('a schema gives an object of its type', async () => {
  const { engine, native } = scripted(() => '{"name":"Ada"}');
  const schema = z.object({ name: z.string() });
  const fromText = await engine.generate('Who?', { schema });
  const name: string | undefined = fromText.object?.name;
  expect(name).toBe('Ada');
  expect(JSON.parse(native.grammars[0] ?? '')).toMatchObject({ required: ['name'] });
  await engine.generate(user('Who?'), { schema });
  expect(native.grammars).toHaveLength(1);
  expect(JSON.parse(native.renders[0]?.jsonSchema ?? '')).toMatchObject({ required: ['name'] });
});

test('an answer cut before its end has no object; one that fails the caller’s rules rejects', async () => {
  const schema = z.object({ n: z.number().refine((n) => n > 3, 'too small') });
  const cut = scripted(() => ({ steps: ['{"n"'], end: 'length' })).engine;
  expect(await cut.generate('x', { schema })).toMatchObject({
    finishReason: 'length',
    object: undefined,
    text: '{"n"',
  });
  const small = scripted(() => '{"n":1}').engine;
  expect(await errorOf(() => small.generate('x', { schema }))).toMatchObject({
    code: 'INVALID_OUTPUT',
    answer: { text: expect.any(String), tokens: expect.any(Array), usage: { promptTokens: expect.any(Number) } },
  });
});

test('tools come sorted, whatever order they were given in', async () => {
  const tool = (name: string) => ({ name, description: `does ${name}`, parameters: { type: 'object' } });
  const { engine, native } = scripted(() => 'ok');
  await engine.generate(user('x'), { tools: [tool('b'), tool('a')] });
  await engine.generate(user('x'), { tools: [tool('a'), tool('b')] });
  expect([...(native.requests[0]?.prompt ?? [])]).toEqual([...(native.requests[1]?.prompt ?? [])]);
});

test('a named tool choice narrows the grammar, not the prompt', async () => {
  const tool = (name: string) => ({ name, description: '', parameters: { type: 'object' } });
  const { engine, native } = scripted(() => 'ok');
  await engine.generate(user('x'), { tools: [tool('a'), tool('b')], toolChoice: { tool: 'b' } });
  expect(native.requests[0]?.chat).toEqual({
    tools: [expect.objectContaining({ function: expect.objectContaining({ name: 'b' }) })],
  });
  expect(engine.detokenize(native.requests[0]?.prompt ?? [])).toContain('"name":"a"');
});
