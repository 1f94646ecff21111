import fc from 'fast-check';
import { expect, test } from 'vitest';
import { H200_CI } from '../../testing/simulator/devices.js';
import { run } from '../../testing/simulator/run-simulation.js';
import { fixedCap, OURS } from '../../testing/simulator/systems.js';
import { fleet } from '../../testing/workloads/fleet.js';
import { CI } from '../../testing/workloads/scale.js';
import { readLog } from './support/records.js';
import { call, config, program, simulate } from './support/small.js';

const AGENTS = 64;
const workload = fleet(CI, 'test', { agents: AGENTS });
/** Final contexts are four times the pool. */
const setup = { device: H200_CI, scale: CI, poolTokens: (AGENTS * CI.tokens(3500 + 11 * 1095)) / 4, maxRunning: 64 };

test('18: at four times the memory the window keeps hits and 0.9 of the best fixed cap', async () => {
  const ours = await run(workload, OURS, setup);
  const capped = [];
  for (const cap of [8, 12, 16, 24, 32, 64])
    capped.push((await run(workload, fixedCap(cap), setup)).metrics.throughput);
  expect(ours.metrics.hitRate).toBeGreaterThanOrEqual(0.9);
  expect(ours.metrics.throughput / Math.max(...capped)).toBeGreaterThanOrEqual(0.9);
});

test('18: the window is never below 1, and rests under constant load', async () => {
  const { result } = await run(workload, OURS, setup, { log: 'decisions' });
  const changes = readLog(result.log).filter(({ kind }) => kind === 'window');
  expect(Math.min(...changes.map(({ b }) => b))).toBeGreaterThanOrEqual(1);
  const end = Math.max(...result.calls.endedUs);
  const shrinks = changes.filter(({ at, a, b }) => b < a && at > end / 3 && at < (end * 2) / 3);
  expect(shrinks.length).toBeLessThanOrEqual(3);
});

test('19: equal cold prompts that arrive together are prefilled once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 2, max: 12 }), fc.integer({ min: 33, max: 300 }), async (n, prompt) => {
      const programs = Array.from({ length: n }, () => program());
      const calls = programs.map((_, i) => call(i, [7, prompt], 8));
      const result = await simulate({ programs, calls, literals: [] }, config({ pages: 500, maxRunning: 16 }));
      expect(result.violations).toEqual([]);
      // Each but the first computes the last token of its prompt, for its logits.
      expect(result.stats.prefillTokens).toBeLessThanOrEqual(prompt + (n - 1));
    }),
    { numRuns: 100, seed: 19 },
  );
});
