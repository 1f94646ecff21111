import { BanyanSystem } from '../../testing/drive/banyan-system.js';
import { median, spread } from '../../testing/statistics.js';
import { control } from '../../testing/workloads/control.js';
import { CI } from '../../testing/workloads/scale.js';
import { byTurns } from '../by-turns.js';
import { COSTS, type Cost, costOf, table } from '../cost.js';
import type { BenchOptions, Report } from '../report.js';
import { CI_MODEL, ciModel, setup } from './model.js';

const SHOTS = 48;

/** W0: single shots that share nothing, all at once. What the prefix cache costs where it cannot help. */
export async function benchControl({ runs, threads }: BenchOptions): Promise<Report> {
  const model = ciModel();
  const systems = [
    await BanyanSystem.open('cache on', model, { threads }),
    await BanyanSystem.open('cache off', model, { threads, prefixCache: false }),
  ];
  const plan = (run: number) => control(CI, `run ${run}`, { shots: SHOTS, perSecond: Number.POSITIVE_INFINITY });
  const measured = await byTurns(systems, runs, (system, run) => costOf(system, plan(run)));
  const [on, off] = measured.map((each) => each.runs) as [Cost[], Cost[]];
  // Same work in each pair: the ratio of times is that of throughputs.
  const share = (pick: 'wallMs' | 'cpuMs') =>
    `${(100 * median(off.map((cost, run) => cost[pick] / (on[run] as Cost)[pick]))).toFixed(1)}%`;
  const columns = { ...COSTS, 'CPU spread %': (of: { runs: Cost[] }) => spread(of.runs.map(({ cpuMs }) => cpuMs)) };
  return {
    findings: [
      `zero reuse: ${share('wallMs')} of the throughput without the cache by the clock, ${share('cpuMs')} by CPU time (target 98%)`,
    ],
    tables: [table(`${SHOTS} single shots of ${CI.tokens(1024)} + ${CI.tokens(128)} tokens`, columns, measured)],
    setup: { ...setup(CI_MODEL, threads, runs), ratio: 'the median of pairs' },
  };
}
