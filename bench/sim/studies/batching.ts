import { type Run, run } from '../../../testing/simulator/run-simulation.js';
import { OURS, type System } from '../../../testing/simulator/systems.js';
import { control } from '../../../testing/workloads/control.js';
import { fleet } from '../../../testing/workloads/fleet.js';
import { forSeeds, over, type Study, type StudyOptions } from './study.js';

const RATES = [4, 8, 16, 24, 32];
const SIZES = [1, 2, 4, 8, 16, 32, 64, 128];
const GROUP = 32;
const MODES: System[] = [
  { name: 'continuous', policy: {} },
  { name: 'dynamic', policy: { batching: 'dynamic', groupSize: GROUP } },
  { name: 'static', policy: { batching: 'static', groupSize: GROUP } },
];

/** Continuous, dynamic and static batching under the same arrivals; and how many requests may run together. */
export async function batchingStudy({ setup, seeds }: StudyOptions): Promise<Study> {
  const modes: { mode: string; rate: number; runs: Run[] }[] = [];
  for (const perSecond of RATES) {
    for (const mode of MODES) {
      const shots = (seed: string) => control(setup.scale, seed, { shots: 30 * perSecond, perSecond, spread: true });
      const runs = await forSeeds(seeds, (seed) => run(shots(seed), mode, { ...setup, maxRunning: GROUP }));
      modes.push({ mode: mode.name, rate: perSecond, runs });
    }
  }
  const sizes: { size: number; runs: Run[] }[] = [];
  for (const size of SIZES) {
    const agents = (seed: string) => fleet(setup.scale, seed, { agents: 32, calls: 4 });
    sizes.push({
      size,
      runs: await forSeeds(seeds, (seed) => run(agents(seed), OURS, { ...setup, maxRunning: size })),
    });
  }
  const ttft = (runs: Run[]) => over(runs, ({ metrics }) => metrics.ttftMs.p95);
  const rate = (runs: Run[]) => over(runs, ({ metrics }) => metrics.throughput);
  const points = (pick: (runs: Run[]) => number) =>
    modes.map(({ mode, rate: x, runs }) => ({ series: mode, x, y: pick(runs) }));
  const busiest = (mode: string) => modes.filter((row) => row.mode === mode).at(-1)?.runs ?? [];
  const gain = (mode: string) => (rate(busiest('continuous')) / rate(busiest(mode))).toFixed(2);
  return {
    findings: [
      `continuous batching at ${RATES.at(-1)} shots/s: ${gain('dynamic')}x dynamic, ${gain('static')}x static`,
    ],
    tables: [
      {
        title: `Batching modes, single shots, groups of ${GROUP}`,
        columns: ['arrivals/s', 'mode', 'TTFT p50 ms', 'p95 ms', 'tokens/s'],
        rows: modes.map(({ mode, rate: perSecond, runs }) => [
          perSecond,
          mode,
          over(runs, ({ metrics }) => metrics.ttftMs.p50),
          ttft(runs),
          rate(runs),
        ]),
      },
      {
        title: 'Requests running together (W2, 32 agents)',
        columns: ['at most', 'tokens/s', 'ITL p50 ms', 'completion p50 s'],
        rows: sizes.map(({ size, runs }) => [
          size,
          rate(runs),
          over(runs, ({ metrics }) => metrics.itlMs.p50),
          over(runs, ({ metrics }) => metrics.completionS.p50),
        ]),
      },
    ],
    charts: {
      'sim-batching': [
        { title: 'First token', x: 'shots / s', y: 'TTFT p95, ms', logY: true, points: points(ttft) },
        { title: 'Throughput by mode', x: 'shots / s', y: 'answered tokens / s', points: points(rate) },
        {
          title: 'Throughput by batch size',
          x: 'requests running together',
          y: 'answered tokens / s',
          logX: true,
          points: sizes.map(({ size, runs }) => ({ series: 'continuous', x: size, y: rate(runs) })),
        },
      ],
    },
  };
}
