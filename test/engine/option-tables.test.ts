import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ENGINE, toNativeEngineOptions } from '../../src/engine/engine-options.js';
import { TURN } from '../../src/engine/request-options.js';
import { complete } from '../../src/kit/complete-options.js';
import { rangeOf, readTable } from '../../src/kit/option-table.js';
import { loadBinding, type NativeRequest } from '../../src/native/binding.js';
import { EMBEDDING } from '../../src/native/embedding-options.js';
import { limitOf } from '../../src/native/limits.js';
import { LOAD } from '../../src/native/load-options.js';
import type { NumberRange, Option, OptionTable } from '../../src/native/option-kinds.js';
import { COST, POLICY } from '../../src/native/policy.js';
import { REQUEST } from '../../src/native/request-options.js';
import { SAMPLING } from '../../src/native/sampling-options.js';
import { scripted } from '../../testing/engine/scripted-engine.js';
import { nativeRequest, TestEngine } from '../../testing/engine/test-engine.js';
import { SECTIONS } from '../../testing/source/options-page.js';
import { codeOf, errorOf } from '../support/expect-code.js';

// Every option of every table: at both ends of its range, one step beyond, of wrong types, and through to the native half.

/** Values at the ends of a range, and what is one step beyond or between two steps. */
function valuesOf({ min, max, whole, powerOfTwo = false }: NumberRange): { good: number[]; bad: number[] } {
  const step = (end: number) => (whole ? 1 : 1e-6 * Math.max(1, Math.abs(end)));
  const beyond = max === Number.POSITIVE_INFINITY ? [] : [max + (max >= 2 ** 53 ? 2 : step(max))];
  const between = powerOfTwo ? [3, 48] : whole ? [min + 0.5] : [];
  return { good: [min, max], bad: [min - step(min), ...beyond, ...between] };
}

const NO_NUMBERS: unknown[] = ['1', true, null, {}, [], Number.NaN, 1n, Symbol('1'), () => 1];
const WRONG: Record<Exclude<Option<unknown>['shape']['kind'], 'number' | 'other'>, unknown[]> = {
  flag: ['true', 1, null, {}],
  word: ['neither', '', 1, true, null, {}],
  name: [1, true, null, {}, 'half a pair \ud800'],
  text: [1, true, null, {}],
  signal: [{}, true, null, new EventTarget()],
  function: [{}, 'f', null],
  group: [1, 'x', null, []],
};

/** What passes for an option that must be given and is no number: by its kind, or by its name if it is of a kind of its own. */
const GOOD: Partial<Record<Option<unknown>['shape']['kind'], unknown>> = { name: 'a', text: '', function: () => 1 };
const { engine: ANY } = scripted(() => '');
const GOOD_OTHER: Record<string, unknown> = { engine: ANY, embedder: ANY, input: {}, models: { a: {} } };

function goodOf(name: string, { shape }: Option<unknown>): unknown {
  if (shape.kind === 'number') return given(rangeOf(name, shape.range).min, shape.count);
  return shape.kind === 'other' ? GOOD_OTHER[name] : GOOD[shape.kind];
}

const numbersOf = (table: OptionTable) =>
  Object.entries(table).flatMap(([name, { shape }]) =>
    shape.kind === 'number' ? [{ name, range: rangeOf(name, shape.range), count: shape.count }] : [],
  );
const given = (value: unknown, count: number | undefined) =>
  count === undefined ? value : new Array(count).fill(value);

describe.each(SECTIONS)('$title', ({ table }) => {
  const fails = (name: string, value: unknown) =>
    errorOf(() => readTable('options', { ...MUST, [name]: value }, table));
  const needed = Object.entries(table).filter(([, { required }]) => required);
  const MUST = Object.fromEntries(needed.map(([name, option]) => [name, goodOf(name, option)]));

  test.each(Object.entries(table))('%s', async (name, { shape, fallback, required }) => {
    const read = (value: unknown) => readTable('options', { ...MUST, [name]: value }, table)[name as never];
    if (required) expect(await fails(name, undefined)).toMatchObject({ code: 'INVALID_OPTION', field: name });
    else expect(read(undefined)).toBe(undefined);
    if (shape.kind === 'number') {
      const { good, bad } = valuesOf(rangeOf(name, shape.range));
      for (const value of good) expect(read(given(value, shape.count))).toEqual(given(value, shape.count));
      for (const value of [...bad, ...NO_NUMBERS]) {
        expect(await fails(name, given(value, shape.count))).toMatchObject({ code: 'INVALID_OPTION' });
      }
      expect(await fails(name, good[0] === undefined ? '' : `${good[0]}`)).toMatchObject({ field: name });
      if (shape.word !== undefined) expect(read(shape.word)).toBe(shape.word);
    } else if (shape.kind !== 'other') {
      if (shape.kind === 'word') for (const word of shape.words) expect(read(word)).toBe(word);
      for (const value of WRONG[shape.kind]) {
        expect(await fails(name, value)).toMatchObject({ code: 'INVALID_OPTION', field: name });
      }
    }
    if (fallback !== undefined) expect(read(fallback)).toEqual(fallback);
  });

  test('an option that is not in the table', async () => {
    expect(await fails('nosuch', 1)).toMatchObject({ code: 'INVALID_OPTION', field: 'nosuch' });
  });
});

test('both halves have the same options, with the same words', () => {
  const { limits } = loadBinding();
  const sampling = limits.request?.sampling;
  expect(Object.keys(sampling?.kind === 'options' ? sampling.options : {})).toEqual(Object.keys(SAMPLING));
  expect(Object.keys(limits.policy ?? {})).toEqual(Object.keys(POLICY));
  const natively = Object.keys(limits.load ?? {}).filter((name) => !['kvTypeK', 'kvTypeV'].includes(name));
  expect(natively.sort()).toEqual(Object.keys(LOAD).sort());
  expect(Object.keys(limits.embedding ?? {})).toEqual([...Object.keys(EMBEDDING), 'salt']);
  expect(Object.keys(limits.request ?? {})).toEqual(expect.arrayContaining(Object.keys(REQUEST)));
  for (const [options, table] of [
    ['load', LOAD] as const,
    ['request', REQUEST] as const,
    ['embedding', EMBEDDING] as const,
    ['policy', POLICY] as const,
  ]) {
    for (const [name, { shape }] of Object.entries(table as OptionTable)) {
      const limit = limitOf(options, name);
      if (shape.kind === 'word') expect(limit).toMatchObject({ kind: 'word', words: shape.words });
      if (shape.kind === 'flag') expect(limit?.kind).toBe('flag');
    }
  }
});

test('what is left out reaches the native half as its default', () => {
  expect(complete(SAMPLING, {})).toEqual({
    ...{ temperature: 0.8, topK: 40, topP: 0.95, minP: 0.05, repeatPenalty: 1, frequencyPenalty: 0 },
    ...{ presencePenalty: 0, penaltyLastN: 64, seed: -1, logprobs: -1 },
  });
  expect(complete(REQUEST, {})).toEqual({
    ...{
      maxTokens: -1,
      thinkingTokens: -1,
      promptLogprobs: -1,
      class: 'interactive',
      progress: false,
      ignoreEos: false,
      deadlineMs: 0,
      tenantWeight: 1,
      ttftLimitMs: 0,
      cache: true,
      durable: false,
      draftTokens: true,
      jumpForward: 'verify',
    },
  });
  expect(Object.keys(TURN)).toEqual(expect.arrayContaining(['schema', 'stop', 'group', 'thinking', 'topK', 'class']));
  expect(Object.keys(ENGINE)).toEqual(expect.arrayContaining(['model', 'kvType', 'policy', 'threads']));
});

describe('the native half refuses what the tables refuse', () => {
  let engine: TestEngine;
  beforeAll(async () => {
    engine = await TestEngine.open({}, { kvTokens: 256 });
  });
  afterAll(() => engine.close());

  const submits = async (request: Partial<NativeRequest>) => {
    const { error } = await engine.run([1, 2, 3], { maxTokens: 2, ...request });
    return error?.code;
  };

  test.each(numbersOf(SAMPLING))('sampling: $name', async ({ name, range }) => {
    const sampling = (value: number) => ({ sampling: { ...complete(SAMPLING, {}), [name]: value } });
    const { good, bad } = valuesOf(range);
    for (const value of good) expect(await submits(sampling(value))).toBe(undefined);
    for (const value of bad) {
      const refused = await errorOf(() => engine.native.submit(nativeRequest([1], sampling(value))));
      expect(refused).toMatchObject({ code: 'INVALID_OPTION', field: `sampling.${name}` });
    }
  });

  test.each(numbersOf(REQUEST))('a request: $name', async ({ name, range }) => {
    const { good, bad } = valuesOf(range);
    for (const value of good) {
      const id = engine.native.submit(nativeRequest([1, 2, 3], { maxTokens: 2, [name]: value }));
      engine.native.cancel(id);
    }
    for (const value of bad.filter((one) => one !== range.none)) {
      const refused = await errorOf(() => engine.native.submit(nativeRequest([1], { [name]: value })));
      expect(refused).toMatchObject({ code: 'INVALID_OPTION', field: name });
    }
  });

  // A path that no file has: options that are taken end there.
  const loads = (options: object) =>
    codeOf(() =>
      loadBinding().loadEngine(
        { ...toNativeEngineOptions({}), modelPath: '/nowhere.gguf', ...options },
        () => {},
        () => {},
        new Int32Array(new SharedArrayBuffer(4)),
      ),
    );

  test.each(numbersOf(LOAD))('load: $name', async ({ name, range }) => {
    const { good, bad } = valuesOf(range);
    for (const value of good) expect(await loads({ [name]: value })).toBe('MODEL_NOT_FOUND');
    for (const value of bad.filter((one) => one !== range.none)) {
      expect(await loads({ [name]: value })).toBe('INVALID_OPTION');
    }
  });

  /** What must go along for a value to be taken. */
  const WITH: Record<string, object> = {
    ...{ low: { high: 1000 }, high: { low: 0 }, useLow: { useHigh: 1000 }, useHigh: { useLow: 0 } },
  };
  test.each(numbersOf(POLICY))('policy: $name', async ({ name, range, count }) => {
    const policy = (value: number) => ({ maxRunning: 256, policy: { ...WITH[name], [name]: given(value, count) } });
    const { good, bad } = valuesOf(range);
    for (const value of good) expect(await loads(policy(value))).toBe('MODEL_NOT_FOUND');
    for (const value of bad) expect(await loads(policy(value))).toBe('INVALID_OPTION');
  });

  test.each(numbersOf(COST))('cost: $name', async ({ name, range }) => {
    const { good, bad } = valuesOf(range);
    for (const value of good) expect(await loads({ policy: { cost: { [name]: value } } })).toBe('MODEL_NOT_FOUND');
    for (const value of bad) expect(await loads({ policy: { cost: { [name]: value } } })).toBe('INVALID_OPTION');
  });
});
