import { expect, test } from 'vitest';
import type { NativeEngineOptions } from '../../src/native/binding.js';
import { greedy, TestEngine } from '../../testing/engine/test-engine.js';

const prompt = Int32Array.from({ length: 150 }, (_, i) => 3 + ((i * 7919) % 250));

/**
 * Logprobs of six tokens behind the prompt, with their alternatives. Of an engine that does not measure what steps cost: on a
 * busy machine it would cut the prompt into other chunks, whose sums are rounded otherwise.
 */
async function logprobs(options: Partial<NativeEngineOptions>): Promise<number[]> {
  await using engine = await TestEngine.open({}, { policy: { cost: {}, refit: false }, ...options });
  const { logprobs } = await engine.run(prompt, { maxTokens: 6, sampling: { ...greedy, logprobs: 5 } });
  return logprobs.flatMap(({ logprob, top }) => [logprob, ...top.map((other) => other.logprob)]);
}

const farthest = (a: number[], b: number[]) => Math.max(...a.map((value, i) => Math.abs(value - (b[i] as number))));

// llama.cpp's flash attention, which the dense mask uses, casts f32 keys and values to f16 and adds values up in f16.
test('dense masks read f16 whatever the pages hold, so that they differ from the f32 kernel by its rounding', async () => {
  const dense = await logprobs({ attention: 'dense' });
  const half = { kvTypeK: 'f16', kvTypeV: 'f16' } as const;
  expect(await logprobs({ attention: 'dense', ...half })).toEqual(dense);
  const paged = await logprobs({ attention: 'paged' });
  expect(farthest(paged, dense)).toBeGreaterThan(1e-5);
  expect(farthest(paged, dense)).toBeLessThan(1e-2);
  expect(farthest(paged, await logprobs({ attention: 'paged', maxBatchTokens: 33 }))).toBeLessThan(1e-5);
});
