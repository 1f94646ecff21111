import { BanyanSystem } from '../../testing/drive/banyan-system.js';
import { FCFS_LRU } from '../../testing/simulator/systems.js';
import { fleet } from '../../testing/workloads/fleet.js';
import { CI } from '../../testing/workloads/scale.js';
import { byTurns } from '../by-turns.js';
import { COSTS, costOf, type Measured, over, table } from '../cost.js';
import type { BenchOptions, Report } from '../report.js';
import { SMALL_MODEL, setup, smallModel } from './model.js';

const AGENTS = 32;
/** About half of what the fleet holds at its end: how many run at once decides whether it thrashes. */
const POOL = 16_384;
const CAPS = [2, 4, 8, 16, 32];

/** W2 in a pool that is too small for it: our window against every fixed cap on running requests. */
export async function benchCaps({ runs, threads }: BenchOptions): Promise<Report> {
  const model = smallModel();
  const options = { threads, kvTokens: POOL };
  const systems = [await BanyanSystem.open('banyan', model, { ...options, maxRunning: AGENTS })];
  for (const cap of CAPS) {
    const capped = { ...options, maxRunning: cap, policy: FCFS_LRU.policy };
    systems.push(await BanyanSystem.open(`FCFS + LRU, at most ${cap}`, model, capped));
  }
  const plan = fleet(CI, 'fleet', { agents: AGENTS });
  const measured = await byTurns(systems, runs, (system) => costOf(system, plan));
  const rate = (of: Measured) => over(of, ({ outputTokens, wallMs }) => outputTokens / (wallMs / 1000));
  const [ours, ...fixed] = measured.map(rate);
  const share = (ours as number) / Math.max(...fixed);
  return {
    findings: [`${AGENTS} agents: ${share.toFixed(2)} of the best fixed cap's throughput (target 0.95)`],
    tables: [table(`${AGENTS} agents, ${POOL} tokens of KV`, { ...COSTS, 'output tokens/s': rate }, measured)],
    setup: setup(SMALL_MODEL, threads, runs),
  };
}
