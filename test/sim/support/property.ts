import fc from 'fast-check';
import { expect, vi } from 'vitest';
import type { NativeSimConfig, NativeSimResult, NativeSimWorkload } from '../../../src/native/simulation.js';
import { type LogRecord, readLog } from './records.js';
import { largest, schedules } from './schedules.js';
import { config, PAGE, type SmallOptions, simulate } from './small.js';

// Hundreds of schedules: seconds on an idle machine, more on a busy one.
vi.setConfig({ testTimeout: 120_000 });

/** A random schedule that was simulated, every step of it checked. */
export interface Trial {
  workload: NativeSimWorkload;
  given: NativeSimConfig;
  result: NativeSimResult;
  log: LogRecord[];
}

/** From just enough for the largest request to enough for all. */
const memory = fc.oneof(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 7, max: 60 }), fc.constant(400));

export interface Trials {
  runs: number;
  seed: number;
  programs?: number;
  /** Pages beyond the largest request: any, unless fixed. */
  spare?: fc.Arbitrary<number>;
  options?: fc.Arbitrary<Partial<SmallOptions>>;
}

/** Simulates `runs` random schedules and expects `holds` of each. Whatever else is tested, no step may be wrong. */
export async function forAllSchedules(trials: Trials, holds: (trial: Trial) => void | Promise<void>): Promise<void> {
  const { runs, seed, programs = 8, spare = memory, options = fc.constant({}) } = trials;
  await fc.assert(
    fc.asyncProperty(schedules(programs), spare, options, async (workload, extra, more) => {
      const given = config({ pages: Math.ceil(largest(workload) / PAGE) + 2 + extra, ...more });
      const result = await simulate(workload, given);
      expect(result.violations).toEqual([]);
      await holds({ workload, given, result, log: readLog(result.log) });
    }),
    { numRuns: runs, seed },
  );
}
