import { BanyanSystem } from '../../testing/drive/banyan-system.js';
import { fleet } from '../../testing/workloads/fleet.js';
import { CI } from '../../testing/workloads/scale.js';
import { byTurns } from '../by-turns.js';
import { COSTS, costOf, ratio, table } from '../cost.js';
import type { BenchOptions, Report } from '../report.js';
import { CI_MODEL, ciModel, nameOf, setup } from './model.js';

/** W2 on our engine and on the naive baseline. */
export const benchFleet =
  (agents: number) =>
  async ({ runs, threads, hybrid }: BenchOptions): Promise<Report> => {
    const model = ciModel(hybrid);
    const systems = [
      await BanyanSystem.open('banyan', model, { threads }),
      await BanyanSystem.naive(model, { threads }),
    ];
    const plan = fleet(CI, 'fleet', { agents });
    const [ours, naive] = await byTurns(systems, runs, (system) => costOf(system, plan));
    if (!ours || !naive) throw new Error('two systems were measured');
    const times = (pick: 'wallMs' | 'cpuMs') => `${ratio(ours, naive, (cost) => cost[pick]).toFixed(1)}x`;
    return {
      findings: [`${agents} agents: ${times('wallMs')} over naive (target 5x), ${times('cpuMs')} less CPU time`],
      tables: [table(`${agents} agents x 11 calls`, COSTS, [ours, naive])],
      setup: {
        ...setup(nameOf(CI_MODEL, hybrid), threads, runs),
        naive: 'the same engine and kernels with one request at a time and no reuse',
      },
    };
  };
