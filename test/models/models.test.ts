import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Engine } from '../../src/engine/engine.js';
import { Models } from '../../src/models/models.js';
import type { ModelsOptions } from '../../src/models/models-options.js';
import { bytesOf } from '../../src/models/size.js';
import { randomModel } from '../../testing/models/random-model.js';
import { codeOf, errorOf } from '../support/expect-code.js';
import { anyUses, liveThrough } from './random-uses.js';
import { turns, until, world } from './world.js';

test('a model is loaded when it is used, once for all who ask meanwhile', async () => {
  const { models, told, hold } = world({ a: 100, b: 100 }, 1000);
  const go = hold();
  const answers = Promise.all(
    [1, 2, 3].map((n) => models.use('a', async (engine) => `${n} ${(await engine.generate('x')).text}`)),
  );
  await turns();
  expect(models.report()[0]).toMatchObject({ name: 'a', state: 'loading', users: 3, bytes: undefined });
  go();
  expect(await answers).toEqual(['1 a says', '2 a says', '3 a says']);
  expect(told).toEqual(['load a']);
  expect(models.report()).toMatchObject([
    { name: 'a', state: 'loaded', users: 0, bytes: 100, loads: 1 },
    { name: 'b', state: 'unloaded', loads: 0 },
  ]);
  expect(models.memory).toEqual({ budgetBytes: 1000, usedBytes: 100 });
});

test('for another the least recently used ones go, never one in use: who needs its room waits', async () => {
  const { models, told, learn } = world({ a: 100, b: 100, c: 150 }, 250);
  await learn('c', 'a', 'b', 'a');
  const lease = await models.acquire('c'); // 100 + 150: b goes
  expect(told).toEqual(['close b', 'load c']);
  const first = await models.acquire('a');
  const waits = models.use('b', () => told.push('b is used'));
  await turns();
  expect(told).not.toContain('b is used');
  first.release();
  first.release(); // twice is once
  await waits;
  expect(told.slice(2)).toEqual(['close a', 'load b', 'b is used']);
  expect((await lease.engine.generate('x')).text).toBe('c says');
  lease.release();
});

test('what fits under no condition is refused with the numbers, before it is loaded where its size is known', async () => {
  const { models, told } = world({ a: 300, b: 100 }, 250);
  for (let time = 0; time < 2; time++) {
    const error = await errorOf(() => models.use('a', () => {}));
    expect(error).toMatchObject({ code: 'OUT_OF_MEMORY', field: 'memoryBytes' });
    expect(error.message).toMatch(/^a takes 1 MiB \(300 bytes\), and all models .* \(memoryBytes: 250\)/);
  }
  expect(told).toEqual(['load a', 'close a']); // the first time alone
  expect(await models.use('b', () => 'fits')).toBe('fits');
  expect(await codeOf(() => models.use('none', () => {}))).toBe('INVALID_OPTION');
});

test('one that turns out larger than its file is closed, room is made, and it is loaded again', async () => {
  const { models, told } = world({ a: 200, b: 100 }, 250);
  await models.use('b', () => {});
  await models.use('a', () => {});
  expect(told).toEqual(['load b', 'load a', 'close a', 'close b', 'load a']);
  expect(models.memory.usedBytes).toBe(200);
});

test('an idle model is unloaded after its time, one in use is not, and a new use begins the time anew', async () => {
  const { models, told, clock } = world({ a: 100 }, 1000, { idleMs: 60_000 });
  await models.use('a', () => clock.pass(100_000));
  clock.pass(50_000);
  const lease = await models.acquire('a');
  clock.pass(100_000);
  await turns();
  expect(told).toEqual(['load a']);
  lease.release();
  clock.pass(59_999);
  await turns();
  expect(told).toEqual(['load a']);
  clock.pass(1);
  await until(() => models.report()[0]?.state === 'unloaded');
  expect(told).toEqual(['load a', 'close a']);
  expect(models.memory.usedBytes).toBe(0);
  await models.use('a', () => {});
  expect(models.report()[0]).toMatchObject({ state: 'loaded', loads: 2, unloads: 1 });
});

test('a load that fails rejects all who waited for it, and the next one tries again', async () => {
  const { models, failNext, told } = world({ a: 100 }, 1000);
  failNext('a');
  const outcomes = await Promise.allSettled([models.use('a', () => 1), models.use('a', () => 2)]);
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(await models.use('a', () => 3)).toBe(3);
  expect(told).toEqual(['load a', 'load a']);
  expect(models.report()[0]).toMatchObject({ users: 0 });
});

test('a signal ends the wait of its caller alone; a load that all left becomes idle', async () => {
  const { models, told, clock, hold } = world({ a: 100, b: 200 }, 250, { idleMs: 1_000 });
  const go = hold();
  const stop = new AbortController();
  const left = models.use('a', () => 'never', { signal: stop.signal });
  stop.abort();
  expect(await codeOf(() => left)).toBe('ABORTED');
  expect(await codeOf(() => models.use('a', () => {}, { signal: stop.signal }))).toBe('ABORTED');
  go();
  await until(() => models.report()[0]?.state === 'loaded');
  expect(models.report()[0]).toMatchObject({ users: 0 });
  clock.pass(1_000);
  await until(() => models.report()[0]?.state === 'unloaded');
  expect(told).toEqual(['load a', 'close a']);
  const lease = await models.acquire('a');
  const waiting = new AbortController();
  const waits = models.acquire('b', { signal: waiting.signal });
  await turns();
  waiting.abort();
  expect(await codeOf(() => waits)).toBe('ABORTED');
  lease.release();
});

test('close waits for those who use a model, and turns away those who wait for one', async () => {
  const { models, told, open, learn } = world({ a: 200, b: 200 }, 250);
  await learn('b', 'a');
  const lease = await models.acquire('a');
  const waits = models.use('b', () => {});
  await turns();
  const closing = models.close();
  expect(await codeOf(() => waits)).toBe('CLOSED');
  expect(await codeOf(() => models.acquire('a'))).toBe('CLOSED');
  expect(told).toEqual([]);
  expect((await lease.engine.generate('x')).text).toBe('a says');
  lease.release();
  await closing;
  await models.close();
  expect([told, open.size]).toEqual([['close a'], 0]);
});

test('any uses in any order: never more than the budget, never an engine in use closed, and all end', async () => {
  const sizes = { a: 60, b: 80, c: 100, d: 120 };
  const uses = anyUses(Object.keys(sizes));
  await fc.assert(
    fc.asyncProperty(uses, (steps) => liveThrough(sizes, steps)),
    { numRuns: 60, seed: 23 },
  );
});

test('two real models in turn under a budget that holds one', { timeout: 60_000 }, async () => {
  const [one, two] = [randomModel({ seed: 1 }), randomModel({ seed: 2 })];
  const own = { kvTokens: 1024, threads: 1 };
  const probe = await Engine.load({ model: one, ...own });
  const bytes = bytesOf(probe.info);
  await probe.close();
  await using models = new Models({
    models: { one: { model: one, ...own }, two: { model: two, ...own } },
    memoryBytes: Math.floor(1.5 * bytes),
  });
  const ask = (name: string) =>
    models.use(name, async (engine) => (await engine.generate('Once', { maxTokens: 8, temperature: 0 })).tokens);
  const first = await ask('one');
  const other = await ask('two');
  expect(await ask('one')).toEqual(first);
  expect(other).not.toEqual(first);
  expect(models.report().map(({ state, loads, unloads }) => [state, loads, unloads])).toEqual([
    ['loaded', 2, 1],
    ['unloaded', 1, 1],
  ]);
});

test('wrong options', async () => {
  const wrong = (options: object) => codeOf(() => new Models(options as ModelsOptions));
  expect(await wrong({ memoryBytes: 1 })).toBe('INVALID_OPTION');
  expect(await wrong({ memoryBytes: 1, models: {} })).toBe('INVALID_OPTION');
  expect(await wrong({ memoryBytes: 0, models: { a: {} } })).toBe('INVALID_OPTION');
  expect(await wrong({ memoryBytes: 1, models: { a: { kvToken: 1 } } })).toBe('INVALID_OPTION');
  expect(await wrong({ memoryBytes: 1, models: { a: { signal: AbortSignal.abort() } } })).toBe('INVALID_OPTION');
});
