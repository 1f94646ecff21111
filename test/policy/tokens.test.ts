import { afterAll, beforeAll, expect, test } from 'vitest';
import type { NativeEngineOptions } from '../../src/native/binding.js';
import { randomPrompt } from '../../testing/engine/prompts.js';
import { TestEngine } from '../../testing/engine/test-engine.js';

// Whatever the policy does with a request, its greedy tokens are its own: on the portable kernel with everything in F32
// they are the same to the last one, whether its prefix was cached, its pages were taken away, or others ran beside it.

const PROMPTS = Array.from({ length: 16 }, (_, i) => [
  ...randomPrompt(`trunk ${i % 3}`, 40 + (i % 2) * 24),
  ...randomPrompt(`tail ${i}`, 10 + ((i * 29) % 70)),
]);
const CLASSES = ['interactive', 'workflow', 'background'] as const;

let alone: number[][];
let attention: string | undefined;
beforeAll(async () => {
  attention = process.env.BANYAN_ATTENTION;
  process.env.BANYAN_ATTENTION = 'portable';
  await using engine = await TestEngine.open({}, { batching: false, prefixCache: false });
  expect(engine.native.info.kernel).toBe('portable');
  alone = [];
  for (const prompt of PROMPTS) alone.push((await engine.run(prompt, { maxTokens: 32 })).tokens);
});
afterAll(() => {
  if (attention === undefined) delete process.env.BANYAN_ATTENTION;
  else process.env.BANYAN_ATTENTION = attention;
});

const configurations: [string, Partial<NativeEngineOptions>, (stats: Stats) => void][] = [
  ['one at a time, cached', { batching: false }, ({ cachedTokens }) => expect(cachedTokens).toBeGreaterThan(0)],
  ['16 at once, nothing cached', { prefixCache: false }, ({ cachedTokens }) => expect(cachedTokens).toBe(0)],
  ['16 at once, cached', {}, ({ cachedTokens }) => expect(cachedTokens).toBeGreaterThan(0)],
  [
    'preempted, nothing kept',
    { kvTokens: 384, prefixCache: false },
    ({ preemptions }) => expect(preemptions).toBeGreaterThan(0),
  ],
  ['few pages, cached', { kvTokens: 512 }, ({ pagesEvicted }) => expect(pagesEvicted).toBeGreaterThan(0)],
  ['small steps', { maxBatchTokens: 24 }, ({ steps }) => expect(steps).toBeGreaterThan(40)],
  ['first come, first served', { kvTokens: 512, policy: { order: 'fcfs', eviction: 'lru' } }, () => {}],
  ['static groups', { policy: { batching: 'static', groupSize: 4, fixedWait: 20_000 } }, () => {}],
  ['groups that wait a little', { policy: { batching: 'dynamic', maxWait: 5_000 } }, () => {}],
  [
    'steps cut by a cost that is far too high',
    { policy: { cost: { step: 1e9, prefill: 1e9, decode: 1e9 } } },
    () => {},
  ],
];

type Stats = Awaited<ReturnType<TestEngine['stats']>>;

test.each(configurations)('greedy tokens are the same: %s', async (_name, options, happened) => {
  await using engine = await TestEngine.open({}, options);
  const outcomes = await Promise.all(
    PROMPTS.map((prompt, i) =>
      engine.run(prompt, { maxTokens: 32, class: CLASSES[i % 3] ?? 'workflow', program: (i % 5) + 1 }),
    ),
  );
  expect(outcomes.map(({ tokens }) => tokens)).toEqual(alone);
  happened(await engine.stats());
  await engine.verifyIdle();
});
