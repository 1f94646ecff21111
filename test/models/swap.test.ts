import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Engine } from '../../src/engine/engine.js';
import { Models } from '../../src/models/models.js';
import { bytesOf } from '../../src/models/size.js';
import { randomModel } from '../../testing/models/random-model.js';
import { codeOf, errorOf } from '../support/expect-code.js';
import { anyUses, liveThrough } from './random-uses.js';
import { turns, until, world } from './world.js';

const other = { model: 'new', kvTokens: 100 };

test('a model is swapped beside the old one: new users get the new, who uses the old keeps it', async () => {
  const { models, told, learn } = world({ a: 100 }, 1000);
  await learn('a');
  const old = await models.acquire('a');
  expect(await models.swap('a', other)).toEqual({ sessions: 'tokens', beside: true });
  expect(told).toEqual(['load new']);
  expect((await old.engine.generate('x')).text).toBe('a says');
  expect(await models.use('a', async (engine) => (await engine.generate('x')).text)).toBe('new says');
  expect(models.report()[0]).toMatchObject({ state: 'loaded', users: 1, swaps: 1, retired: 1, unloads: 0 });
  expect(models.memory.usedBytes).toBe(200);
  old.release();
  await until(() => models.report()[0]?.retired === 0);
  expect(told).toEqual(['load new', 'close a']);
  expect(models.memory.usedBytes).toBe(100);
  expect(old.engine.closed).toBe(true);
});

test('without room for both the old one is given back first, while new users wait and get the new one', async () => {
  const { models, told, learn } = world({ a: 100 }, 150);
  await learn('a');
  const old = await models.acquire('a');
  const swapped = models.swap('a', other);
  await until(() => models.report()[0]?.state === 'loading');
  const waits = models.use('a', async (engine) => (await engine.generate('x')).text);
  await turns();
  expect((await old.engine.generate('x')).text).toBe('a says');
  expect(told).toEqual(['load new', 'close new']); // its size was not known before
  old.release();
  expect(await swapped).toEqual({ sessions: 'tokens', beside: false });
  expect(await waits).toBe('new says');
  expect(told.slice(2)).toEqual(['close a', 'load new']);
});

test('idle others make room for it, those in use do not', async () => {
  const { models, told, learn } = world({ a: 100, b: 100, c: 100 }, 300);
  await learn('b', 'c', 'a');
  const c = await models.acquire('c');
  expect(await models.swap('a', other)).toMatchObject({ beside: true });
  expect(told.filter((one) => one !== 'load new' && one !== 'close new')).toEqual(['close b', 'close a']);
  expect((await c.engine.generate('x')).text).toBe('c says');
  c.release();
});

test.each([1000, 150])('one that cannot be loaded leaves the old one serving (budget of %i)', async (budget) => {
  const { models, failNext, learn } = world({ a: 100 }, budget);
  await learn('a');
  failNext('broken');
  const error = await errorOf(() => models.swap('a', { model: 'broken', kvTokens: 100 }));
  expect(error.code).toBe('MODEL_NOT_FOUND');
  expect(await models.use('a', async (engine) => (await engine.generate('x')).text)).toBe('a says');
  const large = await errorOf(() => models.swap('a', { model: 'large', kvTokens: 2_000 }));
  expect(large).toMatchObject({ code: 'OUT_OF_MEMORY', field: 'memoryBytes' });
  expect(await models.use('a', async (engine) => (await engine.generate('x')).text)).toBe('a says');
  expect(models.report()[0]).toMatchObject({ state: 'loaded', swaps: 0, users: 0 });
});

test('drained, it fails to load: the old one is loaded again for those who waited', async () => {
  const { models, told, failNext, learn } = world({ a: 100 }, 150);
  await learn('a');
  const old = await models.acquire('a');
  const swapped = errorOf(() => models.swap('a', { model: 'broken', kvTokens: 100 }));
  await until(() => models.report()[0]?.state === 'loading');
  const waits = models.use('a', async (engine) => (await engine.generate('x')).text);
  failNext('broken');
  old.release();
  expect((await swapped).code).toBe('MODEL_NOT_FOUND');
  expect(await waits).toBe('a says');
  expect(told).toEqual(['load broken', 'close broken', 'close a', 'load broken', 'load a']);
});

test('who uses the old one is told when its time is over', async () => {
  for (const budget of [1000, 150]) {
    const { models, clock, learn } = world({ a: 100 }, budget);
    await learn('a');
    const old = await models.acquire('a');
    const swapped = models.swap('a', other, { drainMs: 1_000 });
    await until(() => models.report()[0]?.retired === 1 || models.report()[0]?.state === 'loading');
    clock.pass(999);
    await turns();
    expect(old.engine.closed).toBe(false);
    clock.pass(1);
    await swapped;
    await until(() => old.engine.closed);
    expect(await codeOf(() => old.engine.generate('x'))).toBe('CLOSED');
    old.release();
    expect(await models.use('a', async (engine) => (await engine.generate('x')).text)).toBe('new says');
  }
});

test('a signal ends a swap that waits, and the old one serves on', async () => {
  const { models, learn } = world({ a: 100 }, 150);
  await learn('a');
  const old = await models.acquire('a');
  const stop = new AbortController();
  const swapped = codeOf(() => models.swap('a', other, { signal: stop.signal }));
  await until(() => models.report()[0]?.state === 'loading');
  const waits = models.use('a', async (engine) => (await engine.generate('x')).text);
  stop.abort();
  expect(await swapped).toBe('ABORTED');
  expect(await waits).toBe('a says');
  old.release();
  expect(await codeOf(() => models.swap('a', other, { signal: stop.signal }))).toBe('ABORTED');
});

test('one that is not loaded is swapped, too; swaps of one model come one after the other; close ends those that wait', async () => {
  const { models, told } = world({ a: 100 }, 150);
  const swaps = [models.swap('a', other), models.swap('a', { model: 'newest', kvTokens: 100 })];
  expect(await Promise.all(swaps)).toEqual([
    { sessions: 'messages', beside: true },
    { sessions: 'tokens', beside: false },
  ]);
  expect(told.at(-1)).toBe('load newest');
  const lease = await models.acquire('a');
  const waits = codeOf(() => models.swap('a', other));
  await until(() => models.report()[0]?.state === 'loading');
  const closing = models.close();
  expect(await waits).toBe('CLOSED');
  lease.release();
  await closing;
  expect(await codeOf(() => models.swap('a', other))).toBe('CLOSED');
});

test('wrong swaps', async () => {
  const { models } = world({ a: 100 }, 150);
  expect(await codeOf(() => models.swap('b', other))).toBe('INVALID_OPTION');
  expect(await errorOf(() => models.swap('a', { kvToken: 1 } as object))).toMatchObject({ code: 'INVALID_OPTION' });
  expect(await codeOf(() => models.swap('a', { signal: AbortSignal.abort() }))).toBe('INVALID_OPTION');
  expect(await codeOf(() => models.swap('a', other, { drainMs: -1 }))).toBe('INVALID_OPTION');
});

test('any uses and swaps in any order: within the budget, no engine in use closed, all end', async () => {
  const sizes = { a: 60, b: 80, c: 100 };
  const swap = fc.record({ swap: fc.constantFrom(...Object.keys(sizes)), kvTokens: fc.constantFrom(50, 90, 120, 300) });
  const tooLarge = (reason: unknown) => expect(reason).toMatchObject({ code: 'OUT_OF_MEMORY' });
  await fc.assert(
    fc.asyncProperty(anyUses(Object.keys(sizes), swap), (steps) =>
      liveThrough<{ swap: string; kvTokens: number }>(sizes, steps, (models, { swap, kvTokens }) =>
        models.swap(swap, { model: 'new', kvTokens }).catch(tooLarge),
      ),
    ),
    { numRuns: 60, seed: 29 },
  );
});

test('a real model is swapped while it answers; its conversation goes on', { timeout: 60_000 }, async () => {
  const random = { model: randomModel({ seed: 5 }), kvTokens: 2_048, threads: 1 };
  await using models = new Models({ models: { it: { kvTokens: 4_096, threads: 1 } }, memoryBytes: 2 ** 31 });
  const ask = { temperature: 0, maxTokens: 24 };
  const old = await models.acquire('it');
  const session = old.engine.session({ system: 'Answer in one sentence.' });
  const first = await session.generate('Hello', ask);
  const running = session.generate('And what can you do?', ask);

  // The same file: by its tokens.
  expect(await models.swap('it', { kvTokens: 2_048, threads: 1 })).toEqual({ sessions: 'tokens', beside: true });
  const { text } = await running; // ends on the old one
  expect(text).not.toBe('');
  const past = session.tokens;
  const expected = await session.fork().generate('Thanks', ask);
  old.release();
  await until(() => models.report()[0]?.retired === 0);
  await models.use('it', async (engine) => {
    const next = await engine.adopt(session); // of a closed engine, whose vocabulary was read
    expect(next.tokens).toEqual(past);
    const answer = await next.generate('Thanks', ask);
    expect([answer.text, answer.usage.promptTokens]).toEqual([expected.text, expected.usage.promptTokens]);
    const again = await next.generate('And now?', ask);
    expect(again.usage.cachedTokens).toBeGreaterThan(past.length - 64);

    // Another vocabulary: by its messages.
    expect(await models.swap('it', random)).toMatchObject({ sessions: 'messages' });
    await models.use('it', async (newest) => {
      const there = await newest.adopt(next);
      expect([there.tokens.length, there.messages]).toEqual([0, next.messages]);
      const { usage } = await there.generate('Once more', { ...ask, maxTokens: 4 });
      const whole = [...next.messages, { role: 'user' as const, content: 'Once more' }];
      expect(usage.promptTokens).toBe(await newest.countTokens(whole));
    });
  });
  expect(first.text).not.toBe('');
  await models.use('it', ({ info }) => expect(bytesOf(info)).toBe(models.report()[0]?.bytes));
});

test('what is no session, and tools that cannot be shown, are refused', async () => {
  await using engine = await Engine.load({ kvTokens: 1_024, threads: 1 });
  expect(await codeOf(() => engine.adopt({} as never))).toBe('INVALID_OPTION');
  const session = engine.session();
  await engine.close();
  expect(await codeOf(() => engine.adopt(session))).toBe('CLOSED');
});
