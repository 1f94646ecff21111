import { expect, test } from 'vitest';
import { H200 } from '../../testing/simulator/devices.js';
import { latencies } from '../../testing/simulator/metrics.js';
import { run } from '../../testing/simulator/run-simulation.js';
import { OURS } from '../../testing/simulator/systems.js';
import { GPU } from '../../testing/workloads/scale.js';
import { noisyNeighbour, QUIET } from '../../testing/workloads/tenants.js';

// A tenant that saturates the engine beside one with people and agents, on the virtual clock. At GPU scale: the least that a step takes of
// prompts is not to scale at the other.

const SECONDS = 40;
const NOISE = 10_000;

/** What the quiet tenant's people wait for their first token, and how many of each have it. */
async function quiet(noise: number, maxRunning: number) {
  const workload = noisyNeighbour(GPU, 'test', { seconds: SECONDS, noise });
  const setup = { device: H200, scale: GPU, maxRunning };
  const { result } = await run(workload, OURS, setup, { untilUs: GPU.micros(SECONDS) });
  const programOf = (at: number) => workload.programs[workload.calls[at]?.program ?? 0];
  const calls = [...workload.calls.keys()];
  const own = calls.filter((at) => programOf(at)?.tenant === QUIET);
  const people = own.filter((at) => programOf(at)?.class === 'interactive');
  const begun = (of: number[]) => of.filter((at) => (result.calls.firstTokenUs[at] ?? 0) > 0).length;
  return {
    p95: latencies(result.calls, people).ttftMs.p95,
    people: begun(people),
    noisy: begun(calls) - begun(own),
  };
}

test.each([16, 64])(
  'of %i slots: 10,000 requests of one tenant make the first tokens of another at most 1.2 times as late',
  { timeout: 60_000 },
  async (maxRunning) => {
    const alone = await quiet(0, maxRunning);
    const beside = await quiet(NOISE, maxRunning);
    expect(alone.people).toBeGreaterThan(25);
    expect(beside.people).toBeGreaterThanOrEqual(alone.people - 1); // one may be on its way when the time is up
    expect(beside.noisy).toBeGreaterThan(400); // it saturates the engine, to the end
    expect(beside.noisy).toBeLessThan(NOISE);
    expect(beside.p95 / alone.p95).toBeLessThanOrEqual(1.2);
  },
);
