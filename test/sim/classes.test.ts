import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { NativeClass } from '../../src/native/vocabulary.js';
import { EffectiveClasses } from './support/effective-classes.js';
import { forAllSchedules, type Trial } from './support/property.js';
import { type Step, stepsOf } from './support/records.js';
import { COST, call, config, program, simulate, stateOf } from './support/small.js';

const LEVELS: NativeClass[] = ['interactive', 'workflow', 'background'];
const TARGETS = [50_000, 100_000, Number.POSITIVE_INFINITY];

const levelOf = ({ workload }: Pick<Trial, 'workload'>, request: number) =>
  LEVELS.indexOf(workload.programs[workload.calls[request - 1]?.program ?? 0]?.class ?? 'workflow');

/** People among saturating background work: pages for them lie in the reserve, and there are more slots than people. */
function besideBackground(seed: number) {
  const random = fc.sample(fc.integer({ min: 0, max: 1_000_000 }), { numRuns: 400, seed });
  const people = Array.from({ length: 60 }, (_, i) =>
    program('interactive', { arrivalUs: 2_000_000 + i * 300_000 + (random[i] ?? 0) / 10 }),
  ).map((p) => ({ ...p, arrivalUs: Math.round(p.arrivalUs) }));
  const work = Array.from({ length: 200 }, () => program('background'));
  return {
    programs: [...people, ...work],
    calls: [
      ...people.map((_, i) => call(i, [i + 1, 20 + ((random[i + 60] ?? 0) % 80)], 20)),
      ...work.map((_, i) => call(people.length + i, [1000 + i, 400 + ((random[i + 120] ?? 0) % 400)], 40)),
    ],
    literals: [],
    people: people.length,
  };
}

test('7: within its reserve interactive work waits 10 ms or one step, and keeps its pace, whatever the background', async () => {
  for (const seed of [70, 71, 72]) {
    const { people, ...workload } = besideBackground(seed);
    const result = await simulate(workload, config({ pages: 600, maxRunning: 12, maxBatchTokens: 4096 }));
    expect(result.violations).toEqual([]);
    const longest = Math.max(...result.stepUs);
    for (let at = 0; at < people; at++) {
      expect(stateOf(result, at)).toBe('finished');
      const waited = (result.calls.admittedUs[at] as number) - (result.calls.dueUs[at] as number);
      expect(waited).toBeLessThanOrEqual(Math.max(10_000, longest));
      expect(result.calls.longestGapUs[at]).toBeLessThanOrEqual(50_000 + 100);
    }
  }
});

/** Predicted as the cost model does, in microseconds. */
function predicted(step: Step, isDecode: (row: Step['rows'][number]) => boolean): number {
  let picos = COST.step;
  for (const row of step.rows) {
    picos += isDecode(row)
      ? COST.decode + COST.context * row.past
      : COST.prefill * row.tokens + COST.pair * row.tokens * (row.past + Math.floor(row.tokens / 2));
  }
  return picos / 1e6;
}

test('8: a step takes no longer than its most impatient decode wants, or holds the least of prefill', async () => {
  const batch = 4096;
  let limited = 0;
  const options = fc.constant({
    maxBatchTokens: batch,
    maxRunning: 32,
    checkEvery: 20,
    policy: { stepTarget: [3000, 6000, Number.POSITIVE_INFINITY] as [number, number, number] },
  });
  await forAllSchedules({ runs: 400, seed: 8, spare: fc.constant(1000), options }, (trial) => {
    const targets = [3000, 6000, TARGETS[2] as number];
    for (const step of stepsOf(trial.log)) {
      const isDecode = ({ request, tokens, past }: Step['rows'][number]) =>
        tokens === 1 && past >= (trial.result.calls.promptTokens[request - 1] as number);
      const decodes = step.rows.filter(isDecode);
      const prefill = step.tokens - decodes.length;
      if (decodes.length === 0 || prefill <= 64) continue;
      const target = Math.min(...decodes.map(({ request }) => targets[levelOf(trial, request)] as number));
      expect(predicted(step, isDecode)).toBeLessThanOrEqual(target + 1);
      limited++;
    }
  });
  expect(limited).toBeGreaterThan(50);
});

test('11: no request is preempted for a worse effective class, nor paused while worse ones go on', async () => {
  const counted = { preempted: 0, lifted: 0, paused: 0 };
  const options = fc.constant({ policy: { age: EffectiveClasses.AGE, high: 600, low: 400 } });
  const spare = fc.integer({ min: 0, max: 12 });
  await forAllSchedules({ runs: 800, seed: 11, spare, programs: 12, options }, (trial) => {
    const classes = new EffectiveClasses((request) => levelOf(trial, request));
    const active = new Set<number>();
    const levelOfProgram = (owner: number) => LEVELS.indexOf(trial.workload.programs[owner - 1]?.class ?? 'workflow');
    for (const record of trial.log) {
      const { kind, request, program: owner, a } = record;
      if (kind === 'preempt' && a !== 0) {
        counted.preempted++;
        expect(classes.own(request)).toBeGreaterThanOrEqual(classes.gaining(a));
      }
      if (kind === 'lift') counted.lifted++;
      if (kind === 'admit') active.add(owner);
      if (kind === 'pause') {
        counted.paused++;
        active.delete(owner);
        expect(levelOfProgram(owner)).toBeGreaterThan(0);
        expect([...active].filter((other) => levelOfProgram(other) > levelOfProgram(owner))).toEqual([]);
      }
      if (kind === 'expire' || kind === 'program_end') active.delete(owner);
      classes.see(record);
    }
  });
  expect(counted.preempted).toBeGreaterThan(50);
  expect(counted.lifted).toBeGreaterThan(50);
  expect(counted.paused).toBeGreaterThan(50);
});
