import { expect, test } from 'vitest';
import { Engine } from '../../src/engine/engine.js';
import { tokens } from '../../testing/engine/random-engine.js';
import { type RandomModelOptions, randomModel } from '../../testing/models/random-model.js';
import { codeOf, errorOf } from '../support/expect-code.js';

// Prompts are one long step each: what is answered before that step counts was heard in its midst.

const WIDE: RandomModelOptions = {
  layers: 4,
  embedding: 512,
  heads: 8,
  kvHeads: 4,
  headDim: 64,
  feedForward: 1536,
  type: 'Q8_0',
};
const cost = { step: 1e6, prefill: 1e9, decode: 1e6 }; // a millisecond a token, as far as the engine believes
const load = () =>
  Engine.load({
    model: randomModel(WIDE),
    threads: 1,
    kvTokens: 8192,
    maxBatchTokens: 4096,
    policy: { cost, refit: false, longestStep: Number.POSITIVE_INFINITY },
  });

const inItsStep = async (engine: Engine): Promise<void> => {
  while ((await engine.stats()).running === 0);
  expect((await engine.stats()).steps).toBe(0);
};

test('an abort while the prompt is computed is heard at once, and ends the step', async () => {
  await using engine = await load();
  const controller = new AbortController();
  const answer = codeOf(() => engine.generate(tokens(3_000, 1), { signal: controller.signal }));
  await inItsStep(engine);
  controller.abort();
  expect(await answer).toBe('ABORTED');
  const { steps, cancelled } = await engine.stats();
  expect({ steps, cancelled }).toEqual({ steps: 0, cancelled: 1 });
  const after = await engine.generate(tokens(20, 1), { maxTokens: 4, temperature: 0 });
  expect(after.usage).toMatchObject({ promptTokens: 20, cachedTokens: 0 });
});

test('a request that would wait too long is refused while a step runs, and the step goes on', async () => {
  await using engine = await load();
  const busy = engine.generate(tokens(3_000, 1), { maxTokens: 1, class: 'workflow' });
  await inItsStep(engine);
  const error = await errorOf(() => engine.generate(tokens(100, 2), { ttftLimitMs: 150, class: 'workflow' }));
  expect(error.code).toBe('BACKPRESSURE');
  expect(error.retryAfter).toBeGreaterThan(0);
  expect((await engine.stats()).steps).toBe(0);
  expect((await busy).usage.outputTokens).toBeLessThanOrEqual(1);
});
