import { type Run, run } from '../../../testing/simulator/run-simulation.js';
import { FCFS_LRU, OURS } from '../../../testing/simulator/systems.js';
import { idleThrash } from '../../../testing/workloads/idle-thrash.js';
import { forSeeds, over, type Study, type StudyOptions, verdict } from './study.js';

const OVERCOMMITS = [0.8, 1.2, 2, 3, 4];
const JUDGED = 2;

interface Pair {
  ours: Run;
  baseline: Run;
}

/** W5: agents with idle times want 0.8 to 4 times the memory there is. */
export async function memoryStudy({ setup, seeds }: StudyOptions): Promise<Study> {
  const poolTokens = setup.poolTokens ?? setup.device.poolTokens;
  const levels: { overcommit: number; runs: Pair[] }[] = [];
  for (const overcommit of OVERCOMMITS) {
    const runs = await forSeeds(seeds, async (seed) => {
      const workload = idleThrash(setup.scale, seed, { poolTokens, overcommit });
      return { ours: await run(workload, OURS, setup), baseline: await run(workload, FCFS_LRU, setup) };
    });
    levels.push({ overcommit, runs });
  }
  const judged = levels.find(({ overcommit }) => overcommit === JUDGED)?.runs ?? [];
  const less = over(judged, ({ ours, baseline }) => baseline.metrics.amplification / ours.metrics.amplification);
  const sooner = over(judged, ({ ours, baseline }) => baseline.metrics.completionS.p50 / ours.metrics.completionS.p50);
  const tail = over(judged, ({ ours, baseline }) => ours.metrics.ttftMs.p95 / baseline.metrics.ttftMs.p95);
  const points = (pick: (run: Run) => number) =>
    levels.flatMap(({ overcommit, runs }) => [
      { series: OURS.name, x: overcommit, y: over(runs, ({ ours }) => pick(ours)) },
      { series: FCFS_LRU.name, x: overcommit, y: over(runs, ({ baseline }) => pick(baseline)) },
    ]);
  const x = 'KV wanted / KV there is';
  return {
    findings: [
      verdict('W5 at 2x overcommit, prefill amplification', `${less.toFixed(2)}x less`, '2x', less >= 2),
      verdict('W5 at 2x overcommit, completion p50', `${sooner.toFixed(2)}x sooner`, '1.5x', sooner >= 1.5),
      `W5 at 2x overcommit, TTFT p95 is ${tail.toFixed(2)}x that of FCFS + LRU: agents wait outside instead of thrashing inside`,
    ],
    tables: [
      {
        title: 'W5: idle agents, memory overcommitted',
        columns: [
          'overcommit',
          'system',
          'amplification',
          'hit rate',
          'completion p50 s',
          'p95 s',
          'TTFT p50 ms',
          'p95 ms',
          'tokens/s',
          'preemptions',
        ],
        rows: levels.flatMap(({ overcommit, runs }) =>
          (['ours', 'baseline'] as const).map((which) => {
            const of = (pick: (run: Run) => number) => over(runs, (pair) => pick(pair[which]));
            return [
              `${overcommit}x`,
              which === 'ours' ? OURS.name : FCFS_LRU.name,
              of(({ metrics }) => metrics.amplification),
              of(({ metrics }) => metrics.hitRate),
              of(({ metrics }) => metrics.completionS.p50),
              of(({ metrics }) => metrics.completionS.p95),
              of(({ metrics }) => metrics.ttftMs.p50),
              of(({ metrics }) => metrics.ttftMs.p95),
              of(({ metrics }) => metrics.throughput),
              of(({ metrics }) => metrics.preemptions),
            ];
          }),
        ),
      },
    ],
    charts: {
      'sim-memory': [
        { title: 'Prompt tokens found cached', x, y: 'hit rate', points: points(({ metrics }) => metrics.hitRate) },
        { title: 'Throughput', x, y: 'answered tokens / s', points: points(({ metrics }) => metrics.throughput) },
        {
          title: 'Prefill amplification',
          x,
          y: 'prefilled / new',
          points: points(({ metrics }) => metrics.amplification),
        },
      ],
    },
  };
}
