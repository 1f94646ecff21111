import fc from 'fast-check';
import { expect, test } from 'vitest';
import { lostHistory } from '../../testing/simulator/metrics.js';
import { CI } from '../../testing/workloads/scale.js';
import { tenants } from '../../testing/workloads/tenants.js';
import { forAllSchedules } from './support/property.js';
import { config, simulate, stateOf } from './support/small.js';

const roomForAll = fc.constant(1000);

test('12: the service of a program is that of its longest completed path, and never decreases', async () => {
  await forAllSchedules({ runs: 400, seed: 12 }, ({ workload, result, log }) => {
    const service = new Map<number, number>();
    const begun = new Map<number, number>(); // by request: its program's service then
    for (const { kind, request, program } of log) {
      if (kind === 'arrive') begun.set(request, service.get(program) ?? 0);
      if (kind !== 'finish') continue;
      const path = (begun.get(request) ?? 0) + (result.calls.computedTokens[request - 1] as number);
      service.set(program, Math.max(service.get(program) ?? 0, path));
    }
    for (const [p, { abortUs }] of workload.programs.entries()) {
      if (abortUs === 0) expect(result.programs.serviceTokens[p]).toBe(service.get(p + 1) ?? 0);
    }
  });
});

test('13: within its time to live a returning call precedes every new program of its class', async () => {
  let contested = 0;
  let siblings = 0;
  const options = fc.constant({ maxRunning: 2, checkEvery: 20, policy: { windowStart: 64, quantum: 0 } });
  await forAllSchedules(
    { runs: 400, seed: 13, programs: 12, spare: roomForAll, options },
    ({ workload, result, log }) => {
      const kept = new Map<number, number>(); // by program: until when
      const live = new Map<number, number>(); // by program: its calls that wait or run
      const inTime = new Set<number>(); // programs that came back in time, until they act again
      const returning = new Map<number, number>(); // by request that waits: its program, back in time
      const fresh = new Map<number, number>(); // by request that waits: its program, which never had a call before
      const change = (program: number, by: number) => live.set(program, (live.get(program) ?? 0) + by);
      for (const { kind, at, request, program, a } of log) {
        if (kind === 'retain') kept.set(program, at + a);
        if (kind === 'arrive') {
          if (!live.get(program)) {
            if (at <= (kept.get(program) ?? 0)) inTime.add(program);
            else inTime.delete(program);
          }
          // Siblings of a fork return together.
          if (inTime.has(program)) returning.set(request, program);
          if (!kept.has(program)) fresh.set(request, program);
          change(program, 1);
        }
        if (kind === 'finish' || kind === 'cancel') change(program, -1);
        const cls = workload.programs[program - 1]?.class;
        const ofClass = (waiting: Map<number, number>) =>
          [...waiting.values()].filter((other) => workload.programs[other - 1]?.class === cls);
        if (kind === 'admit' && returning.has(request) && ofClass(fresh).length > 0) {
          contested++;
          if ((live.get(program) ?? 0) > 1) siblings++;
        }
        if (kind === 'cancel' || kind === 'admit') fresh.delete(request);
        // Who waits for an equal prefix is not passed.
        if (kind === 'dedupe' || kind === 'cancel' || kind === 'admit') returning.delete(request);
        if (kind !== 'admit' || kept.has(program) || result.calls.preemptions[request - 1] !== 0) continue;
        expect(ofClass(returning)).toEqual([]);
      }
    },
  );
  expect(contested).toBeGreaterThan(20);
  expect(siblings).toBeGreaterThan(5);
});

test('15: with memory to spare a returning turn prefills nothing again', async () => {
  let continued = 0;
  const options = fc.constant({ maxRunning: 64, maxBatchTokens: 1024, checkEvery: 20 });
  await forAllSchedules({ runs: 400, seed: 15, spare: roomForAll, options }, ({ workload, result }) => {
    for (const [at, { base }] of workload.calls.entries()) {
      if (base < 0 || stateOf(result, base) !== 'finished' || stateOf(result, at) !== 'finished') continue;
      continued++;
      expect(lostHistory(workload, result, at)).toBe(0);
    }
  });
  expect(continued).toBeGreaterThan(500);
});

test('20: tenants that both have work get equal service, up to a bound', async () => {
  const workload = tenants(CI, 'test', { modest: 4, greedy: 6, calls: 8 });
  const { programs, calls } = workload;
  const quantum = 256;
  const running = 6;
  const given = config({ pages: 2000, maxRunning: running, checkCells: false, checkEvery: 50, policy: { quantum } });
  const result = await simulate({ programs, calls, literals: [] }, given);
  expect(result.violations).toEqual([]);
  const ends = calls.map((call, at) => ({
    at: result.calls.endedUs[at] as number,
    tenant: programs[call.program]?.tenant,
    tokens: result.calls.computedTokens[at] as number,
  }));
  ends.sort((x, y) => x.at - y.at);
  const both = Math.max(...ends.filter(({ tenant }) => tenant === 1).map(({ at }) => at));
  const largest = Math.max(...ends.map(({ tokens }) => tokens));
  let difference = 0;
  for (const { at, tenant, tokens } of ends) {
    if (at > both) break;
    difference += tenant === 1 ? tokens : -tokens;
    expect(Math.abs(difference)).toBeLessThanOrEqual(2 * quantum + (running + 2) * largest);
  }
});
