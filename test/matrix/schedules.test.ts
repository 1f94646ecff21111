import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectSameGreedy } from '../../testing/engine/greedy.js';
import { randomPrompt } from '../../testing/engine/prompts.js';
import { greedy, type Outcome, type Running, TestEngine } from '../../testing/engine/test-engine.js';

// Random schedules over prompts that share, diverge and fork anywhere. The tree of prompts is small, so that random
// requests meet: prompt = trunk[0, a) + branch b's [0, c).

const sampling = { ...greedy, logprobs: 3 };
const TRUNK = randomPrompt('trunk', 200);
const BRANCHES = Array.from({ length: 4 }, (_, i) => randomPrompt(`branch ${i}`, 40));
const MAX_TOKENS = 12;

const prompts = fc.record({ trunk: fc.integer({ min: 1, max: 200 }), branch: fc.nat(3), tail: fc.nat(40) });
type Prompt = { trunk: number; branch: number; tail: number };
const tokensOf = ({ trunk, branch, tail }: Prompt) => [
  ...TRUNK.slice(0, trunk),
  ...(BRANCHES[branch] as number[]).slice(0, tail),
];

const actions = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ type: fc.constant('submit' as const), prompt: prompts, class: fc.nat(2), salt: fc.nat(1) }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('cancel' as const), which: fc.nat(30) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('wait' as const), which: fc.nat(30) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('fork' as const), which: fc.nat(30), branch: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.constant({ type: 'check' as const }) },
  { weight: 1, arbitrary: fc.constant({ type: 'clear' as const }) },
);

type Action = typeof actions extends fc.Arbitrary<infer A> ? A : never;

/** One request at a time, no reuse: what every request must answer. Remembered, as the prompts are few. */
let oracle: TestEngine;
const answers = new Map<string, Promise<Outcome>>();
beforeAll(async () => {
  oracle = await TestEngine.open({}, { prefixCache: false, batching: false });
});
afterAll(() => oracle.close());

function answerTo(tokens: number[]): Promise<Outcome> {
  const key = tokens.join();
  const known = answers.get(key) ?? oracle.run(tokens, { maxTokens: MAX_TOKENS, sampling });
  answers.set(key, known);
  return known;
}

async function play(engine: TestEngine, schedule: Action[], tolerance: number): Promise<void> {
  const requests: { tokens: number[]; running: Running }[] = [];
  const submit = (tokens: number[], priority: number, salt: string) => {
    const level = (['interactive', 'workflow', 'background'] as const)[priority] ?? 'workflow';
    requests.push({ tokens, running: engine.submit(tokens, { maxTokens: MAX_TOKENS, sampling, class: level, salt }) });
  };
  for (const action of schedule) {
    const picked = 'which' in action ? requests[action.which % Math.max(1, requests.length)] : undefined;
    if (action.type === 'submit') submit(tokensOf(action.prompt), action.class, action.salt === 1 ? 'tenant' : '');
    else if (action.type === 'cancel' && picked) engine.native.cancel(picked.running.id);
    else if (action.type === 'wait' && picked) await picked.running.started;
    else if (action.type === 'fork' && picked)
      submit(
        [...picked.tokens, ...picked.running.outcome.tokens, ...(BRANCHES[action.branch] as number[]).slice(0, 9)],
        1,
        '',
      );
    else if (action.type === 'check') expect(await engine.native.checkIntegrity()).toBe('');
    else if (action.type === 'clear') await engine.native.clearCache();
  }
  for (const { tokens, running } of requests) {
    const outcome = await running.done;
    expect(outcome.error).toBeUndefined();
    expect(outcome.usage?.promptTokens).toBe(tokens.length);
    expect(outcome.usage?.cachedTokens).toBeLessThan(tokens.length);
    const expected = await answerTo(tokens);
    if (outcome.reason === 'cancelled') expect(outcome.tokens.length).toBeLessThanOrEqual(MAX_TOKENS);
    else expectSameGreedy(outcome, expected, tolerance);
  }
  await engine.verifyIdle();
}

test.each([
  ['ample pages', { kvTokens: 4096, maxRunning: 8, maxBatchTokens: 128 }, 1e-3],
  ['few pages', { kvTokens: 512, maxRunning: 8, maxBatchTokens: 32 }, 1e-3],
  ['no reuse', { kvTokens: 768, maxRunning: 8, maxBatchTokens: 64, prefixCache: false }, 1e-3],
  // Stock flash attention casts K and V to f16 and sums V in f16, whatever the cache holds: up to 3.5e-3 nat a logprob on
  // this model, with f16 and f32 alike, and a tie compares two of them. logits-test holds it to stock itself.
  ['dense masks', { kvTokens: 1024, maxRunning: 8, maxBatchTokens: 64, attention: 'dense' as const }, 1e-2],
])('any schedule answers as one request at a time would: %s', async (_, options, tolerance) => {
  await using engine = await TestEngine.open({}, options);
  await fc.assert(
    fc.asyncProperty(fc.array(actions, { minLength: 1, maxLength: 30 }), (schedule) =>
      play(engine, schedule, tolerance),
    ),
    { numRuns: 25, seed: 3, endOnFailure: true },
  );
});

test('any schedule may be cut off by close', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(prompts, { maxLength: 12 }), fc.nat(12), async (list, wait) => {
      const engine = await TestEngine.open({}, { kvTokens: 512, maxRunning: 4, maxBatchTokens: 32 });
      const requests = list.map((prompt) => engine.submit(tokensOf(prompt), { maxTokens: MAX_TOKENS, sampling }));
      await requests[wait]?.started;
      await engine.close();
      for (const { done } of requests) expect(['length', 'cancelled']).toContain((await done).reason);
    }),
    { numRuns: 15, seed: 4 },
  );
});
