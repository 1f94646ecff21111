import type { NativeSimWorkload } from '../../../src/native/simulation.js';
import { run } from '../../../testing/simulator/run-simulation.js';
import { FCFS_LRU, OURS, type SimSetup } from '../../../testing/simulator/systems.js';
import { control } from '../../../testing/workloads/control.js';
import { fleet } from '../../../testing/workloads/fleet.js';
import { bestOf, treeOfThought, treeSearch } from '../../../testing/workloads/fork-join.js';
import { GRAPHS, graph } from '../../../testing/workloads/graphs.js';
import { loop } from '../../../testing/workloads/loop.js';
import { forSeeds, over, type Study, type StudyOptions } from './study.js';

const cases = ({ scale }: SimSetup): [name: string, make: (seed: string) => NativeSimWorkload][] => [
  ['W0 single shots', (seed) => control(scale, seed)],
  ['W1 one loop', (seed) => loop(scale, seed)],
  ...[8, 32, 128, 256].map(
    (agents) =>
      [`W2 ${agents} agents`, (seed: string) => fleet(scale, seed, { agents })] as [
        string,
        (seed: string) => NativeSimWorkload,
      ],
  ),
  ['W2 open, 1/s', (seed) => fleet(scale, seed, { agents: 64, perSecond: 1 })],
  ['W3 best of 16', (seed) => bestOf(scale, seed)],
  ['W3 tree of thought', (seed) => treeOfThought(scale, seed)],
  ['W3 search, 160 calls', (seed) => treeSearch(scale, seed)],
  ...Object.keys(GRAPHS).map(
    (name) =>
      [`W4 ${name}`, (seed: string) => graph(scale, seed, name)] as [string, (seed: string) => NativeSimWorkload],
  ),
];

/** W0 to W4, ours against the baseline: where memory is enough, the order of work is what is left to gain or lose. */
export async function everyWorkloadStudy({ setup, seeds }: StudyOptions): Promise<Study> {
  const rows: (string | number)[][] = [];
  const losses: string[] = [];
  for (const [name, make] of cases(setup)) {
    const runs = await forSeeds(seeds, async (seed) => {
      const workload = make(seed);
      return { ours: (await run(workload, OURS, setup)).metrics, base: (await run(workload, FCFS_LRU, setup)).metrics };
    });
    const throughput = over(runs, ({ ours, base }) => ours.throughput / base.throughput);
    const completion = over(runs, ({ ours, base }) => base.completionS.p50 / ours.completionS.p50);
    const ttft = over(runs, ({ ours, base }) => base.ttftMs.p95 / ours.ttftMs.p95);
    if (throughput < 0.98) losses.push(`${name} (throughput ${throughput.toFixed(2)}x)`);
    if (completion < 0.98) losses.push(`${name} (completion p50 ${completion.toFixed(2)}x)`);
    if (ttft < 0.95) losses.push(`${name} (TTFT p95 ${ttft.toFixed(2)}x)`);
    rows.push([
      name,
      throughput,
      completion,
      ttft,
      over(runs, ({ ours }) => ours.amplification),
      over(runs, ({ base }) => base.amplification),
      over(runs, ({ ours }) => ours.hitRate),
      over(runs, ({ ours }) => ours.throughput),
    ]);
  }
  return {
    findings: [
      losses.length > 0
        ? `W0-W4, lost to FCFS + LRU by more than 2% (TTFT: 5%): ${losses.join('; ')}`
        : 'W0-W4: nowhere 2% worse than FCFS + LRU (TTFT: 5%)',
    ],
    tables: [
      {
        title: 'W0-W4, ours over FCFS + LRU (above 1 is better)',
        columns: [
          'workload',
          'throughput',
          'completion p50',
          'TTFT p95',
          'amplification',
          'FCFS + LRU',
          'hit rate',
          'tokens/s',
        ],
        rows,
      },
    ],
  };
}
