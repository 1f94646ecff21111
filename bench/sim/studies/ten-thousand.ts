import { run } from '../../../testing/simulator/run-simulation.js';
import { FCFS_LRU, OURS } from '../../../testing/simulator/systems.js';
import { parked } from '../../../testing/workloads/parked.js';
import { type Study, type StudyOptions, verdict } from './study.js';

const PROGRAMS = 10_000;

/** Ten thousand programs at the same time: nothing is lost, and deciding stays quick. */
export async function tenThousandStudy({ setup, seeds: [seed = ''] }: StudyOptions): Promise<Study> {
  const workload = parked(setup.scale, seed, { programs: PROGRAMS });
  const rows = [];
  let completed = 0;
  for (const system of [OURS, FCFS_LRU]) {
    const began = performance.now();
    const { metrics } = await run(workload, system, setup, { checkEvery: 1000 });
    const wall = (performance.now() - began) / 1000;
    if (system === OURS) completed = metrics.completed;
    rows.push([
      system.name,
      metrics.completed,
      metrics.seconds,
      wall,
      metrics.steps,
      metrics.scheduleUs.p50,
      metrics.scheduleUs.p99,
      metrics.hitRate,
      metrics.completionS.p50,
    ]);
  }
  return {
    findings: [
      verdict('10,000 live programs, completed', completed.toLocaleString('en-US'), '10,000', completed === PROGRAMS),
    ],
    tables: [
      {
        title: '10,000 programs of 3 calls, alive together',
        columns: [
          'system',
          'completed',
          'simulated s',
          'wall s',
          'steps',
          'scheduler us a step p50',
          'p99',
          'hit rate',
          'completion p50 s',
        ],
        rows,
      },
    ],
  };
}
