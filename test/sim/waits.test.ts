import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import type { NativeSimWorkload } from '../../src/native/simulation.js';
import type { NativeClass } from '../../src/native/vocabulary.js';
import { largest, schedules } from './support/schedules.js';
import { call, config, PAGE, program, simulate } from './support/small.js';

vi.setConfig({ testTimeout: 120_000 });
const LEVELS: NativeClass[] = ['interactive', 'workflow', 'background'];

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
        // From then on no later request goes before it, but for people who leave it room.
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
