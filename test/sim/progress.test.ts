import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { NativeClass } from '../../src/native/vocabulary.js';
import { forAllSchedules, type Trial } from './support/property.js';
import { stepsOf } from './support/records.js';
import { call, config, program, simulate, stateOf } from './support/small.js';

const COALESCE: Record<NativeClass, number> = { interactive: 10_000, workflow: 50_000, background: 500_000 };

const classOf = ({ workload }: Trial, at: number) =>
  workload.programs[workload.calls[at]?.program ?? 0]?.class ?? 'workflow';

/** When each call is first computed, by call; undefined: never. */
function firstRows({ log }: Trial): Map<number, number> {
  const first = new Map<number, number>();
  for (const step of stepsOf(log)) {
    for (const { request } of step.rows) if (request > 0 && !first.has(request - 1)) first.set(request - 1, step.at);
  }
  return first;
}

const roomForAll = {
  spare: fc.constant(1000),
  options: fc.constant({ maxRunning: 64, maxBatchTokens: 4096, checkEvery: 20, policy: { windowStart: 64 } }),
};

test('5: with free pages a due call is in the next plan', async () => {
  await forAllSchedules({ runs: 400, seed: 5, ...roomForAll }, (trial) => {
    const first = firstRows(trial);
    const longest = Math.max(0, ...trial.result.stepUs);
    for (const [at, start] of first) {
      // A prompt that another is computing right now waits for that instead (dedupe): at most until it is there.
      const deduped = trial.log.some(({ kind, request }) => kind === 'dedupe' && request === at + 1);
      const due = (trial.result.calls.dueUs[at] as number) + COALESCE[classOf(trial, at)];
      if (!deduped) expect(start - due).toBeLessThanOrEqual(longest);
    }
  });
});

test('6: no time passes without a step while a due call could run', async () => {
  await forAllSchedules({ runs: 400, seed: 6, ...roomForAll }, (trial) => {
    const steps = stepsOf(trial.log);
    const { dueUs, endedUs } = trial.result.calls;
    for (const [i, step] of steps.entries()) {
      const idleFrom = i === 0 ? 0 : (steps[i - 1]?.end ?? 0);
      if (step.at <= idleFrom) continue;
      for (const at of trial.workload.calls.keys()) {
        const due = (dueUs[at] as number) + COALESCE[classOf(trial, at)];
        const open = dueUs[at] && (endedUs[at] === 0 || (endedUs[at] as number) > idleFrom);
        if (open && stateOf(trial.result, at) === 'finished')
          expect(step.at).toBeLessThanOrEqual(Math.max(idleFrom, due) + 1);
      }
    }
  });
});

test('9: no request is preempted more than three times, and all finish', async () => {
  const tight = fc.integer({ min: 0, max: 4 });
  let preempted = 0;
  await forAllSchedules({ runs: 600, seed: 9, spare: tight }, ({ result, workload }) => {
    for (const [at, { program: owner }] of workload.calls.entries()) {
      const times = result.calls.preemptions[at] as number;
      preempted += times;
      expect(times).toBeLessThanOrEqual(3);
      if (workload.programs[owner]?.abortUs === 0) expect(stateOf(result, at)).toMatch(/finished|cancelled/);
    }
  });
  expect(preempted).toBeGreaterThan(100);
});

test('9: with steps that fail, too', async () => {
  const failing = fc.constant({ failEvery: 3 });
  await forAllSchedules(
    { runs: 200, seed: 90, spare: fc.integer({ min: 0, max: 4 }), options: failing },
    ({ result }) => {
      for (const at of result.calls.state.keys()) expect(stateOf(result, at)).toMatch(/finished|cancelled/);
    },
  );
});

test('14: a pool full of kept pages blocks no request', async () => {
  const idle = Array.from({ length: 6 }, () => program('interactive'));
  const long = idle.flatMap((_, i) => [
    call(i, [i + 1, 300], 5),
    call(i, [100 + i, 10], 5, { after: [2 * i], base: 2 * i, tool: 'build', delayUs: 3_600_000_000 }),
  ]);
  const late = call(idle.length, [999, 300], 5);
  const workload = {
    programs: [...idle, program('background', { arrivalUs: 5_000_000 })],
    calls: [...long, late],
    literals: [],
  };
  const result = await simulate(workload, config({ pages: 64, policy: { keepUnknown: 3_600_000_000 } }));
  expect(result.violations).toEqual([]);
  expect(stateOf(result, 12)).toBe('finished');
  expect((result.calls.endedUs[12] as number) / 1e6).toBeLessThan(70);
});
