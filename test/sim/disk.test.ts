import { expect, test } from 'vitest';
import { CORE_60M, H200_CI } from '../../testing/simulator/devices.js';
import { run } from '../../testing/simulator/run-simulation.js';
import { NVME_CI, OURS, type SimSetup } from '../../testing/simulator/systems.js';
import { idleThrash } from '../../testing/workloads/idle-thrash.js';
import { CI } from '../../testing/workloads/scale.js';

/*
 * Idle agents that want more memory than there is (W5), with a disk for the pages that leave it. Amplification: prompt tokens
 * computed, over those that no call had computed before.
 */

const setup: SimSetup = { device: H200_CI, scale: CI };
const poolTokens = H200_CI.poolTokens;
const w5 = (overcommit: number) => idleThrash(CI, 'disk', { poolTokens, overcommit });

test.each([2, 3, 4])('at %i times the memory, a disk leaves at most a tenth to compute twice', async (overcommit) => {
  const without = await run(w5(overcommit), OURS, setup);
  const { metrics, result } = await run(w5(overcommit), OURS, setup, { disk: NVME_CI });
  expect(result.stats.pagesLoaded).toBeGreaterThan(0);
  expect(metrics.completed).toBe(without.metrics.completed);
  expect(metrics.amplification).toBeLessThanOrEqual(1.1);
  expect(metrics.amplification).toBeLessThan(without.metrics.amplification);
});

test.each([1, 4, 9])(
  'where steps are long, requests that wait do not load in turns what the others let go (%i)',
  async (seed) => {
    const { poolTokens } = CORE_60M;
    const shape = { rounds: 1, turns: 6, repository: 8000, longestWaitS: 90, poolTokens, overcommit: 2 };
    const core: SimSetup = { device: CORE_60M, scale: CI, maxRunning: 32, maxBatchTokens: 512 };
    const disk = { ...NVME_CI, latencyUs: 300, pageUs: 120 };
    const { metrics } = await run(idleThrash(CI, `run ${seed}`, shape), OURS, core, { disk });
    expect(metrics.amplification).toBeLessThanOrEqual(1.15);
  },
);

test('a disk that stands still most of the time costs no call its end, and hardly any time', async () => {
  const without = await run(w5(2), OURS, setup);
  const disk = { ...NVME_CI, stallEveryUs: 1000, stallUs: 1_000_000_000 };
  const { metrics } = await run(w5(2), OURS, setup, { disk });
  expect(metrics.completed).toBe(without.metrics.completed);
  expect(metrics.completionS.p50).toBeLessThanOrEqual(without.metrics.completionS.p50 * 1.05);
});

test('where nothing is used again a disk changes no decision about requests', async () => {
  const loners = (disk?: typeof NVME_CI) =>
    run(idleThrash(CI, 'alone', { poolTokens, overcommit: 0.5, rounds: 1, turns: 1 }), OURS, setup, {
      ...(disk && { disk }),
      log: 'rows',
    });
  const rows = (log: Uint8Array) =>
    Buffer.from(log)
      .toString()
      .split('\n')
      .filter((line) => / (row|step) /.test(line));
  const [without, with_] = [await loners(), await loners(NVME_CI)];
  expect(rows(with_.result.log)).toEqual(rows(without.result.log));
});
