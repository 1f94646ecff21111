import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Engine } from '../../src/engine/engine.js';
import type { Generation, GenerationEvent, ProgressEvent, Usage } from '../../src/engine/generation.js';
import { openEngine, RAMBLING_MODEL, tokens } from '../../testing/engine/random-engine.js';
import { scripted } from '../../testing/engine/scripted-engine.js';
import { callText } from '../../testing/engine/scripted-text.js';
import { checkCallEvents } from '../support/call-events.js';
import { errorOf } from '../support/expect-code.js';

// What a stream tells of the work itself with `progress`, and what a result tells of how it came about.

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine(RAMBLING_MODEL, { maxBatchTokens: 64 });
});
afterAll(() => engine.close());

const user = (content: string) => [{ role: 'user' as const, content }];

async function read(generation: Generation): Promise<GenerationEvent[]> {
  const events: GenerationEvent[] = [];
  for await (const event of generation) events.push(event);
  return events;
}

const STAGES = ['accepted', 'admitted', 'prefill'];
const stagesOf = (events: readonly GenerationEvent[]) =>
  events.filter((event): event is ProgressEvent => STAGES.includes(event.type));

/** What of a request's usage adds up, of any request that had a token. */
function checkSums(usage: Usage): void {
  const { promptTokens, cachedTokens, cacheWriteTokens, computedTokens, outputTokens, reasoningTokens } = usage;
  expect((cachedTokens ?? 0) + cacheWriteTokens).toBeLessThanOrEqual(promptTokens);
  expect(reasoningTokens).toBeLessThanOrEqual(outputTokens);
  if (usage.preemptions === 0) expect(computedTokens).toBeGreaterThanOrEqual(promptTokens - (cachedTokens ?? 0));
  expect(computedTokens).toBeLessThanOrEqual(promptTokens - (cachedTokens ?? 0) + outputTokens);
  expect(usage.queueMs + usage.prefillMs).toBeCloseTo(usage.ttftMs, 6);
  expect(usage.ttftMs).toBeLessThanOrEqual(usage.totalMs);
}

test('the stages of a long prompt, in order, and their numbers', async () => {
  const prompt = tokens(2_000, 1);
  const ask = (length: number) =>
    engine.generate(Int32Array.from(prompt.slice(0, length)), { maxTokens: 3, progress: true, label: 'http-1' });
  const [first, again] = [ask(1_000), ask(2_000)];
  for (const [generation, length] of [
    [first, 1_000],
    [again, 2_000],
  ] as const) {
    const events = await read(generation);
    const [accepted, admitted, ...prefill] = stagesOf(events);
    expect(accepted).toEqual({ type: 'accepted', request: expect.any(Number), label: 'http-1' });
    const { usage } = await generation;
    expect(admitted).toEqual({ type: 'admitted', promptTokens: length, cachedTokens: usage.cachedTokens });
    expect(prefill.at(-1)).toEqual({ type: 'prefill', done: length, total: length });
    const done = prefill.map((event) => (event.type === 'prefill' ? event.done : 0));
    expect(done).toEqual([...new Set(done)].sort((a, b) => a - b));
    expect(events.findIndex(({ type }) => type === 'tokens')).toBeGreaterThan(
      events.findLastIndex(({ type }) => type === 'prefill'),
    );
    checkSums(usage);
  }
});

test('what a prompt writes into the cache another one reads', async () => {
  const prompt = Int32Array.from(tokens(300, 2));
  const { usage: first } = await engine.generate(prompt, { maxTokens: 2 });
  expect(first).toMatchObject({ cachedTokens: 0, cacheWriteTokens: expect.any(Number) });
  const { usage: second } = await engine.generate(prompt, { maxTokens: 2 });
  expect(second.cachedTokens).toBeLessThanOrEqual(first.cacheWriteTokens);
  expect(second.cachedTokens).toBeGreaterThanOrEqual(first.cacheWriteTokens - engine.info.pageTokens);
  const { usage: none } = await engine.generate(Int32Array.from(tokens(300, 3)), { maxTokens: 2, cache: false });
  expect(none.cacheWriteTokens).toBe(0);
  for (const usage of [first, second, none]) checkSums(usage);
});

test('without the option no such event comes', async () => {
  const call = callText('c1', 'add', '{"a":1}');
  const plain = scripted(() => ({ steps: [call.slice(0, 14), call.slice(14)] }));
  const events = await read(plain.engine.generate(user('x')));
  expect(events.map(({ type }) => type)).toEqual(['tokens', 'tokens', 'tool-call', 'finish']);
});

test('a refused request is not accepted; one that waits is', async () => {
  const error = { code: 'BACKPRESSURE', message: 'too much is waiting', retryAfterMs: 9 };
  const refused = scripted(() => ({ steps: [], error }));
  const events: GenerationEvent[] = [];
  const reading = async () => {
    for await (const event of refused.engine.generate('x', { progress: true })) events.push(event);
  };
  expect(await errorOf(reading)).toMatchObject({ code: 'BACKPRESSURE' });
  expect(events).toEqual([]);

  const waiting = scripted(() => 'ok');
  waiting.native.paused = true;
  const stream = waiting.engine.generate('x', { progress: true })[Symbol.asyncIterator]();
  expect((await stream.next()).value).toMatchObject({ type: 'accepted' });
  waiting.native.resume();
  expect((await stream.next()).value).toMatchObject({ type: 'admitted' });
});

test('a call of the scripted model, told while it is written; the sink gets the same', async () => {
  const call = callText('c1', 'add', '{"a":1}');
  const { engine: model } = scripted(() => ({
    steps: ['Well. ', call.slice(0, 8), ...Array.from(call.slice(8)), 'Done'],
  }));
  const generation = model.generate(user('x'), { progress: true });
  const pushed: GenerationEvent[] = [];
  generation.subscribe({ event: (event) => pushed.push(event), end: () => {} });
  const events = await read(generation);
  expect(pushed).toEqual(events);
  expect(checkCallEvents(events, await generation)).toBeGreaterThan(3);
  const types = events.map(({ type }) => type).filter((type) => type.includes('call'));
  expect(types.slice(0, 2)).toEqual(['call-start', 'call-args']);
  expect(types.slice(-2)).toEqual(['call-end', 'tool-call']);
});

test('a call that the limit cuts: it ends, and comes as text', async () => {
  const { engine: model } = scripted(() => ({ steps: ['[call c1 add {"a"', ':1'], end: 'length' }));
  const events = await read(model.generate(user('x'), { progress: true }));
  expect(events.filter(({ type }) => type.startsWith('call'))).toEqual([
    { type: 'call-start', index: 0, id: 'c1', name: 'add' },
    { type: 'call-args', index: 0, delta: '{"a"' },
    { type: 'call-args', index: 0, delta: ':1' },
    { type: 'call-end', index: 0, whole: false },
  ]);
});

test('a label is in the decisions about its request, of its end too', async () => {
  await using own = await openEngine(RAMBLING_MODEL);
  const decisions = own.decisions();
  const heard: string[] = [];
  const reading = (async () => {
    for await (const decision of decisions) {
      if (decision.label !== undefined) heard.push(`${decision.kind} ${decision.label}`);
      if (decision.kind === 'finish') break;
    }
  })();
  await own.generate(Int32Array.from(tokens(20, 4)), { maxTokens: 2, label: 'req_42' });
  await reading;
  expect(heard).toEqual(expect.arrayContaining(['arrive req_42', 'admit req_42', 'finish req_42']));
});

test('which stop text ended it', async () => {
  const options = { maxTokens: 40, temperature: 0 };
  const prompt = Int32Array.from(tokens(20, 5));
  const { text, stopText } = await engine.generate(prompt, options);
  expect(stopText).toBeUndefined();
  const stop = text.slice(8, 12);
  const ended = await engine.generate(prompt, { ...options, stop: ['never, ever', stop] });
  expect(ended).toMatchObject({
    finishReason: 'stop-sequence',
    stopText: stop,
    text: text.slice(0, text.indexOf(stop)),
  });
});

test('an answer that had to be closed says so', async () => {
  const schema = { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] } as const;
  const ask = (options: object) => engine.generate(user('x'), { schema, temperature: 0, ...options });
  const closed = await ask({ maxTokens: 40 });
  expect(closed).toMatchObject({ finishReason: 'stop', shortened: true, object: { text: expect.any(String) } });
  const short = { ...schema, properties: { text: { type: 'string', maxLength: 3 } } };
  expect(await ask({ schema: short, maxTokens: 400 })).toMatchObject({ finishReason: 'stop', shortened: false });
});

test('bytes of logprobs: tokens that are parts of characters too', async () => {
  const {
    text,
    logprobs,
    tokens: ids,
  } = await engine.generate(user('x'), { maxTokens: 60, temperature: 0, logprobs: 2 });
  expect(logprobs).toHaveLength(ids.length);
  const bytes = Buffer.from(logprobs.flatMap((one) => one.bytes));
  expect(bytes.toString()).toContain(text.replace(/\ufffd+$/, ''));
  for (const one of logprobs.flatMap((each) => [each, ...each.top])) {
    if (!one.text.includes('\ufffd')) expect(Buffer.from(one.bytes).toString()).toBe(one.text);
  }
});

test('a prompt that is too long says by how much', async () => {
  const limit = engine.info.maxContext;
  const ids = Int32Array.from(tokens(limit + 5, 6));
  const tooLong = { code: 'PROMPT_TOO_LONG', promptTokens: limit + 5, limit };
  expect(await errorOf(() => engine.generate(ids))).toMatchObject(tooLong);
  const words = user('word '.repeat(limit));
  const failure = await errorOf(() => engine.generate(words));
  expect(failure).toMatchObject({ code: 'PROMPT_TOO_LONG', limit });
  expect(failure.promptTokens).toBeGreaterThanOrEqual(limit);
});
