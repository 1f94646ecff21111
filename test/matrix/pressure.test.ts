import { expect, test } from 'vitest';
import { expectSameGreedy } from '../../testing/engine/greedy.js';
import { randomPrompt } from '../../testing/engine/prompts.js';
import { greedy, type Outcome, TestEngine } from '../../testing/engine/test-engine.js';

// No request dies of another's pressure: with too few pages requests wait, are preempted and recomputed, and every
// one ends with the output that it would have had alone.

const sampling = { ...greedy, logprobs: 3 };
const PROMPTS = Array.from({ length: 24 }, (_, i) => [
  ...randomPrompt('shared', 60),
  ...randomPrompt(i, 20 + ((i * 37) % 120)),
]);

let alone: Outcome[] | undefined;

async function oneByOne(): Promise<Outcome[]> {
  await using engine = await TestEngine.open({}, { kvTokens: 4096, prefixCache: false, batching: false });
  const outcomes: Outcome[] = [];
  for (const prompt of PROMPTS) outcomes.push(await engine.run(prompt, { maxTokens: 40, sampling }));
  return outcomes;
}

async function expectAllServed(engine: TestEngine): Promise<void> {
  alone ??= await oneByOne();
  const outcomes = await Promise.all(PROMPTS.map((prompt) => engine.run(prompt, { maxTokens: 40, sampling })));
  outcomes.forEach((outcome, i) => {
    expect(outcome.reason).toBe('length');
    expectSameGreedy(outcome, (alone as Outcome[])[i] as Outcome);
  });
  await engine.verifyIdle();
}

test('24 requests on a pool that holds two: all finish, outputs as alone', async () => {
  await using engine = await TestEngine.open({}, { kvTokens: 512, maxRunning: 24, maxBatchTokens: 64 });
  await expectAllServed(engine);
  expect((await engine.stats()).pagesEvicted).toBeGreaterThan(0);
});

test('preemption happens, and is recomputed without a trace', async () => {
  await using engine = await TestEngine.open({}, { kvTokens: 384, maxRunning: 24, prefixCache: false });
  await expectAllServed(engine);
  const stats = await engine.stats();
  expect(stats.preemptions).toBeGreaterThan(0);
  expect(stats.recomputedTokens).toBeGreaterThan(0);
});

test('pages of one token and of many', async () => {
  for (const pageTokens of [1, 64]) {
    await using engine = await TestEngine.open({}, { kvTokens: 1024, pageTokens, maxRunning: 8 });
    await expectAllServed(engine);
  }
});

test.each([
  ...(['llama', 'qwen2', 'gemma2', 'gemma3', 'qwen3moe'] as const),
  ...(['mamba', 'lfm2', 'qwen35', 'granitehybrid'] as const),
])('%s: a full batch under pressure gives what each request gives alone', async (architecture) => {
  const prompts = PROMPTS.slice(0, 8);
  const run = async (engine: TestEngine, prompt: number[]) => engine.run(prompt, { maxTokens: 24, sampling });
  await using single = await TestEngine.open({ architecture }, { prefixCache: false, batching: false });
  await using many = await TestEngine.open({ architecture }, { kvTokens: 1024, maxRunning: 8, maxBatchTokens: 64 });
  const expected: Outcome[] = [];
  for (const prompt of prompts) expected.push(await run(single, prompt));
  for (let round = 0; round < 2; round++) {
    const outcomes = await Promise.all(prompts.map((prompt) => run(many, prompt)));
    outcomes.forEach((outcome, i) => {
      expectSameGreedy(outcome, expected[i] as Outcome);
    });
  }
  await many.verifyIdle();
});

test('two engines in one process, of two models, do not know of each other', async () => {
  await using one = await TestEngine.open({ seed: 1 }, { kvTokens: 1024 });
  await using two = await TestEngine.open({ seed: 2, architecture: 'gemma3' }, { kvTokens: 512, attention: 'dense' });
  const prompt = randomPrompt('both', 90);
  const first = [await one.run(prompt, { sampling }), await two.run(prompt, { sampling })];
  expect(first[0]?.tokens).not.toEqual(first[1]?.tokens);
  const mixed = await Promise.all(
    Array.from({ length: 12 }, (_, i) => (i % 2 === 0 ? one : two).run(prompt, { sampling })),
  );
  mixed.forEach((outcome, i) => {
    expectSameGreedy(outcome, first[i % 2] as Outcome);
  });
  await one.close();
  expectSameGreedy(await two.run(prompt, { sampling }), first[1] as Outcome);
  await two.verifyIdle();
});
