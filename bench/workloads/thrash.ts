import { BanyanSystem } from '../../testing/drive/banyan-system.js';
import { FCFS_LRU } from '../../testing/simulator/systems.js';
import { idleThrash } from '../../testing/workloads/idle-thrash.js';
import { CI } from '../../testing/workloads/scale.js';
import { byTurns } from '../by-turns.js';
import { COSTS, type Columns, costOf, type Measured, over, ratio, table } from '../cost.js';
import type { BenchOptions, Report } from '../report.js';
import { nameOf, SMALL_MODEL, setup, smallModel } from './model.js';

const POOL = 4096;
/** Agents of 20k tokens at GPU scale rather than 60k, and people who answer at once: runs of seconds, not of minutes. */
const PLAN = { poolTokens: POOL, rounds: 1, turns: 6, repository: 8000, longestWaitS: 90 };

/** W5 at several overcommitments of memory, our policy against first-come-first-served with LRU. */
export async function benchThrash({ runs, threads, hybrid }: BenchOptions): Promise<Report> {
  const model = smallModel(hybrid);
  const options = { threads, kvTokens: POOL };
  const findings: string[] = [];
  const rows: (Measured & { overcommit: number })[] = [];
  for (const overcommit of [0.8, 2, 4]) {
    const plan = idleThrash(CI, 'thrash', { ...PLAN, overcommit });
    const systems = [
      await BanyanSystem.open('banyan', model, options),
      await BanyanSystem.open('FCFS + LRU', model, { ...options, policy: FCFS_LRU.policy }),
    ];
    const [ours, fcfs] = await byTurns(systems, runs, (system) => costOf(system, plan));
    if (!ours || !fcfs) throw new Error('two systems were measured');
    rows.push({ overcommit, ...ours }, { overcommit, ...fcfs });
    const amplification = (of: Measured) => over(of, (cost) => cost.amplification).toFixed(2);
    findings.push(
      `memory ${overcommit}x overcommitted: prefill amplification ${amplification(ours)} against ${amplification(fcfs)}, ` +
        `completion p50 ${ratio(ours, fcfs, ({ completionS }) => completionS.p50).toFixed(2)}x sooner`,
    );
  }
  const columns: Columns<(typeof rows)[number]> = {
    overcommit: ({ overcommit }) => `${overcommit}x`,
    ...COSTS,
    'prefilled / new': (of) => over(of, (cost) => cost.amplification),
    'completion p50 s': (of) => over(of, ({ completionS }) => completionS.p50),
  };
  return {
    findings,
    tables: [table(`agents x ${PLAN.turns} calls in ${POOL} tokens of KV`, columns, rows)],
    setup: setup(nameOf(SMALL_MODEL, hybrid), threads, runs),
  };
}
