import fc from 'fast-check';
import { expect, test } from 'vitest';
import { forAllSchedules } from './support/property.js';
import { type Step, stepsOf } from './support/records.js';
import { call, config, program, simulate, stateOf } from './support/small.js';

const COALESCE = { interactive: 2_000, workflow: 50_000, background: 500_000 };
/** 2 ms are all that a step may take when no request is there: chunks of 50 tokens. */
const policy = { coalesce: Object.values(COALESCE) as [number, number, number] };
const FINISHED = 1; // NodeKind: of programs that have ended; below it only abandoned branches

const isAhead = ({ rows }: Step) => rows.some(({ request }) => request === 0);

test('24: prompts that are known are computed alone, shortly, on pages that no request is expected to go on from', async () => {
  let computed = 0;
  let evicted = 0;
  await forAllSchedules({ runs: 600, seed: 24, options: fc.constant({ policy }) }, ({ log }) => {
    const live = new Set<number>();
    let ahead = false; // in the step that is planned
    for (const { kind, request, b } of log) {
      if (kind === 'arrive') live.add(request);
      if (kind === 'finish' || kind === 'cancel') live.delete(request);
      if (kind === 'ahead') {
        expect([...live]).toEqual([]);
        ahead = true;
        computed++;
      }
      if (kind === 'preempt') expect(ahead).toBe(false);
      if (kind === 'evict' && ahead) {
        expect(b).toBeLessThanOrEqual(FINISHED);
        evicted++;
      }
      if (kind === 'step') ahead = false;
    }
    for (const step of stepsOf(log).filter(isAhead)) {
      expect(step.rows.length).toBe(1);
      expect(step.end - step.at).toBeLessThanOrEqual(COALESCE.interactive * 1.01); // the prediction's error
    }
  });
  expect(computed).toBeGreaterThan(500);
  expect(evicted).toBeGreaterThan(20);
});

test('24: no step that computes ahead makes a call wait that is due', async () => {
  let met = 0;
  const roomForAll = {
    spare: fc.constant(1000),
    options: fc.constant({ maxRunning: 64, maxBatchTokens: 4096, checkEvery: 0, policy }),
  };
  await forAllSchedules({ runs: 1500, seed: 240, programs: 6, ...roomForAll }, ({ workload, result, log }) => {
    const steps = stepsOf(log);
    for (const step of steps.filter(isAhead)) {
      for (const [at, due] of result.calls.dueUs.entries()) {
        if (due <= step.at || due > step.end || result.calls.admittedUs[at] === 0) continue;
        met++;
        const first = steps.find(({ rows }) => rows.some(({ request }) => request === at + 1));
        const cls = workload.programs[workload.calls[at]?.program ?? 0]?.class ?? 'workflow';
        expect((first?.at ?? 0) - due).toBeLessThanOrEqual(COALESCE[cls]);
      }
    }
  });
  expect(met).toBeGreaterThan(20);
});

/** Calls that found all that was known of their prompt, beyond what their program had computed before. */
async function foundAhead(computeAhead: boolean): Promise<number> {
  let found = 0;
  const options = fc.constant({ maxRunning: 64, maxBatchTokens: 1024, checkEvery: 20, policy: { computeAhead } });
  await forAllSchedules(
    { runs: 200, seed: 241, programs: 4, spare: fc.constant(1000), options },
    ({ workload, result }) => {
      for (const [at, { base, knownTokens }] of workload.calls.entries()) {
        if (base < 0 || stateOf(result, at) !== 'finished' || stateOf(result, base) !== 'finished') continue;
        const past = (result.calls.promptTokens[base] as number) + (workload.calls[base]?.output ?? 0);
        const told = Math.min(knownTokens, (result.calls.promptTokens[at] as number) - 1);
        if (told > past && (result.calls.cachedTokens[at] as number) >= told) found++;
      }
    },
  );
  return found;
}

test('24: a returning call finds what was known of its prompt, where memory and time allow', async () => {
  expect(await foundAhead(true)).toBeGreaterThan(30);
  expect(await foundAhead(false)).toBe(0);
});

test('24: an agent whose prompt was known while its tool ran prefills the rest', async () => {
  const agent = [
    call(0, [1, 200], 20),
    call(0, [2, 900], 20, { after: [0], base: 0, tool: 'build', delayUs: 5_000_000, knownTokens: 1110 }),
  ];
  const { calls, violations } = await simulate(
    { programs: [program()], calls: agent, literals: [] },
    config({ pages: 200 }),
  );
  expect(violations).toEqual([]);
  expect((calls.promptTokens[1] as number) - (calls.cachedTokens[1] as number)).toBe(10);
});
