import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Engine } from '../../src/engine/engine.js';
import { SAMPLING_RANGES, toNativeSampling } from '../../src/engine/sampling.js';
import type { NativeSampling } from '../../src/native/binding.js';
import { nativeRequest, TestEngine } from '../../testing/engine/test-engine.js';
import { randomModel } from '../../testing/models/random-model.js';
import { codeOf } from '../support/expect-code.js';

const KEYS = Object.keys(SAMPLING_RANGES) as (keyof NativeSampling)[];

describe('the ranges of the documentation are those of the engine', () => {
  let engine: TestEngine;
  beforeAll(async () => {
    engine = await TestEngine.open({}, { kvTokens: 256 });
  });
  afterAll(() => engine.close());

  const accepts = async (sampling: NativeSampling) => {
    const outcome = engine.run([1, 2, 3], { sampling, maxTokens: 2 });
    return (await outcome).error === undefined;
  };

  test.each(KEYS)('%s', async (key) => {
    const { min, max, whole } = SAMPLING_RANGES[key];
    const beyond = whole ? 1 : 1e-6;
    for (const value of [min, max]) {
      expect(await accepts(toNativeSampling({ [key]: value }))).toBe(true);
    }
    for (const value of [min - beyond, max + beyond * Math.max(1, max)]) {
      expect(await codeOf(async () => toNativeSampling({ [key]: value }))).toBe('INVALID_OPTION');
      const sampling = { ...toNativeSampling({}), [key]: value };
      expect(await codeOf(() => engine.native.submit(nativeRequest([1], { sampling })))).toBe('INVALID_OPTION');
    }
    if (whole) expect(await codeOf(async () => toNativeSampling({ [key]: 0.5 }))).toBe('INVALID_OPTION');
  });
});

test('penaltyLastN -1 looks back over the whole answer, and no further', async () => {
  await using engine = await Engine.load({ model: randomModel(), threads: 1, kvTokens: 1024 });
  const answer = async (penaltyLastN: number) =>
    (await engine.generate([5, 6, 7], { temperature: 0, presencePenalty: 100, penaltyLastN, maxTokens: 100 })).tokens;
  const all = await answer(-1);
  expect(new Set(all).size).toBe(all.length); // nothing twice: every token of the answer is remembered
  expect(await answer(100)).toEqual(all);
  expect(await answer(2 ** 20)).toEqual(all);
  const short = await answer(3);
  expect(new Set(short).size).toBeLessThan(short.length);
});
