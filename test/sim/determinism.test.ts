import fc from 'fast-check';
import { expect, test } from 'vitest';
import { forAllSchedules } from './support/property.js';
import { schedules } from './support/schedules.js';
import { config, simulate } from './support/small.js';

test('22: same schedule, same log, byte for byte', async () => {
  await fc.assert(
    fc.asyncProperty(schedules(), fc.integer({ min: 40, max: 120 }), async (workload, pages) => {
      const once = await simulate(workload, config({ pages, checkEvery: 0, checkCells: false }));
      const again = await simulate(workload, config({ pages }));
      expect(Buffer.compare(once.log, again.log)).toBe(0);
      expect(once.log.length).toBeGreaterThan(0);
    }),
    { numRuns: 200, seed: 22 },
  );
});

test('22: another pool, another log', async () => {
  const [workload] = fc.sample(schedules(10), { numRuns: 1, seed: 5 });
  if (!workload) throw new Error('no schedule');
  const small = await simulate(workload, config({ pages: 50 }));
  const large = await simulate(workload, config({ pages: 1000 }));
  expect(Buffer.compare(small.log, large.log)).not.toBe(0);
});

test('23: a run cut off at any step has decided what the whole run decided until then', async () => {
  await forAllSchedules({ runs: 150, seed: 23 }, async ({ workload, given, result }) => {
    const steps = result.stepUs.length;
    for (const share of [0.2, 0.7]) {
      const untilUs = Math.max(1, Math.round(([...result.calls.endedUs].sort((a, b) => a - b).at(-1) ?? 0) * share));
      const cut = await simulate(workload, { ...given, untilUs });
      expect(cut.stepUs.length).toBeLessThanOrEqual(steps);
      expect(Buffer.from(result.log).subarray(0, cut.log.length).equals(cut.log)).toBe(true);
    }
  });
});
