import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { NativeClass } from '../../src/native/binding.js';
import type { NativeSimWorkload } from '../../src/native/simulation.js';
import { forAllSchedules, type Trial } from './support/property.js';
import { stepsOf } from './support/records.js';
import { largest, schedules } from './support/schedules.js';
import { call, config, PAGE, program, simulate, stateOf } from './support/small.js';

const COALESCE: Record<NativeClass, number> = { interactive: 10_000, workflow: 50_000, background: 500_000 };

const LEVELS: NativeClass[] = ['interactive', 'workflow', 'background'];

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

test('9: nobody is preempted more than three times, and everybody finishes', async () => {
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

interface Crowd {
  people: number;
  asks: number;
  prompt?: number;
  arrivalUs?: number;
  tool?: string;
  delayUs?: number;
}

/** People who ask again as soon as they are answered, or when a tool of theirs has ended. */
function withCrowd(
  { programs, calls, literals }: NativeSimWorkload,
  { people, asks, prompt = 24, arrivalUs = 0, tool = '', delayUs = 0 }: Crowd,
): NativeSimWorkload {
  const crowd = Array.from({ length: people }, () => program('interactive', { arrivalUs }));
  const asked = crowd.flatMap((_, i) =>
    Array.from({ length: asks }, (_, k) => {
      const after = k === 0 ? [] : [calls.length + i * asks + k - 1];
      return call(programs.length + i, [2e6 + i * asks + k, prompt], 5 + (i % 3), { after, tool, delayUs });
    }),
  );
  return { programs: [...programs, ...crowd], calls: [...calls, ...asked], literals };
}

const AGE = 20_000;
const OVERDUE = 100_000;
const impatient = { age: [0, AGE, AGE] as [number, number, number], overdue: OVERDUE };

test('10: every wait has a bound that does not depend on how long interactive load lasts', async () => {
  const running = 4;
  const chunk = 32; // prompt tokens of a step in any case: a quarter of its 128
  let tight = 0;
  const arbitrary = [schedules(6), fc.integer({ min: 0, max: 6 }), fc.constantFrom(200, 400)] as const;
  await fc.assert(
    fc.asyncProperty(...arbitrary, async (schedule, spare, asks) => {
      const workload = withCrowd(schedule, { people: running + 2, asks });
      const pages = Math.ceil(largest(schedule) / PAGE) + 2 + spare;
      const given = config({
        pages,
        maxRunning: running,
        checkEvery: 0,
        checkCells: false,
        log: 'none',
        policy: impatient,
      });
      const result = await simulate(workload, given);
      expect(result.violations).toEqual([]);
      const { promptTokens, dueUs, admittedUs, endedUs } = result.calls;
      const step = Math.max(...result.stepUs);
      // What a call needs of others' time once it runs: a chunk a step, at worst each after ageing again; a token a step;
      // and all of it four times, when it is preempted three times.
      const needs = (at: number) =>
        4 *
        (Math.ceil((promptTokens[at] as number) / chunk) * (2 * AGE + step) + (workload.calls[at]?.output ?? 0) * step);
      const finite = [...schedule.calls.keys()].filter((at) => dueUs[at]);
      const crowd = needs(schedule.calls.length);
      for (const at of finite) {
        const cls = LEVELS.indexOf(workload.programs[workload.calls[at]?.program ?? 0]?.class ?? 'workflow');
        // From then on nobody who comes later goes before it, but for people who leave it room.
        const turn = (dueUs[at] as number) + Math.max(OVERDUE, cls * AGE);
        const before = finite.filter((other) => other !== at && (dueUs[other] as number) <= turn);
        const bound = turn + before.reduce((sum, other) => sum + needs(other), 0) + 2 * running * crowd;
        expect(admittedUs[at] || endedUs[at]).toBeLessThanOrEqual(bound);
        if (bound < Math.max(...endedUs)) tight++;
      }
    }),
    { numRuns: 60, seed: 10 },
  );
  expect(tight).toBeGreaterThan(100); // calls whose bound lies before the end of the load
});

test('10: background work has half of an eighth of the engine under endless interactive load', async () => {
  const work = Array.from({ length: 120 }, () => program('background'));
  const queue = { programs: work, calls: work.map((_, i) => call(i, [i + 1, 100], 40)), literals: [] };
  const given = config({ pages: 400, maxRunning: 8, checkEvery: 0, checkCells: false, log: 'none', policy: impatient });
  const result = await simulate(withCrowd(queue, { people: 16, asks: 300 }), {
    ...given,
    sampleEveryUs: 100_000,
    untilUs: 5_000_000,
  });
  const { prefilledBackground, decodedBackground, prefilledInteractive, decodedInteractive, timeUs } = result.timeline;
  const from = timeUs.findIndex((time) => time > 2 * AGE + 100_000);
  const done = (columns: Float64Array[]) => columns.reduce((sum, c) => sum + (c.at(-1) ?? 0) - (c[from] ?? 0), 0);
  const background = done([prefilledBackground, decodedBackground]);
  const all = background + done([prefilledInteractive, decodedInteractive]);
  expect(background / all).toBeGreaterThanOrEqual(1 / 16);
});

const LATE = 200_000; // when people have been there for a while

test('10: a call that needs nearly all pages gets them, though people who fit beside the reserve never end', async () => {
  const late = program('background', { arrivalUs: LATE });
  const large = { programs: [late], calls: [call(0, [1, 860], 5)], literals: [] }; // 54 of 60 pages
  const given = config({ pages: 60, maxRunning: 4, checkEvery: 0, checkCells: false, log: 'none', policy: impatient });
  const { calls } = await simulate(withCrowd(large, { people: 6, asks: 100, arrivalUs: 0 }), given);
  const longestAnswer = 20_000;
  expect(calls.admittedUs[0]).toBeLessThanOrEqual(LATE + OVERDUE + 2 * longestAnswer);
  expect(Math.max(...calls.endedUs)).toBeGreaterThan(10 * OVERDUE);
});

test('10: the gate does not keep a call out for ever for people whose tools run', async () => {
  const small = { programs: [program('background', { arrivalUs: LATE })], calls: [call(0, [1, 100], 5)], literals: [] };
  const given = config({ pages: 100, maxRunning: 4, checkEvery: 0, checkCells: false, log: 'none', policy: impatient });
  const crowd = { people: 18, asks: 60, prompt: 70, tool: 'read', delayUs: 30_000 }; // nine tenths of the pages
  const { calls } = await simulate(withCrowd(small, crowd), given);
  expect(calls.admittedUs[0]).toBeLessThanOrEqual(LATE + OVERDUE + 50_000);
  expect(Math.max(...calls.endedUs)).toBeGreaterThan(10 * OVERDUE);
});

test('10: a running prompt gets its share of steps that people could fill for ever', async () => {
  const long = { programs: [program('background')], calls: [call(0, [1, 3000], 5)], literals: [] };
  const given = config({ pages: 2000, maxRunning: 16, checkEvery: 0, checkCells: false, policy: impatient });
  const crowd = { people: 8, asks: 40, prompt: 1000, arrivalUs: 1000 };
  const result = await simulate(withCrowd(long, crowd), given);
  const steps = Math.max(...result.stepUs);
  const chunks = Math.ceil(3000 / 128) + 1;
  expect(result.calls.admittedUs[0]).toBeLessThan(10_000);
  expect(result.calls.firstTokenUs[0]).toBeLessThanOrEqual(chunks * (2 * AGE + 2 * steps));
  expect(Math.max(...result.calls.endedUs)).toBeGreaterThan(2 * (result.calls.firstTokenUs[0] as number));
});

test('14: a pool full of kept pages blocks nobody', async () => {
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
