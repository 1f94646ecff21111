import { BanyanSystem } from '../../testing/drive/banyan-system.js';
import { lostHistory } from '../../testing/simulator/metrics.js';
import { FCFS_LRU } from '../../testing/simulator/systems.js';
import { median, sum } from '../../testing/statistics.js';
import { CI } from '../../testing/workloads/scale.js';
import { subAgents } from '../../testing/workloads/sub-agents.js';
import { byTurns } from '../by-turns.js';
import { COSTS, type Columns, type Cost, costOf, table } from '../cost.js';
import type { BenchOptions, Report } from '../report.js';
import { nameOf, SMALL_MODEL, setup, smallModel } from './model.js';

const CHILDREN = 8;
const AT_ONCE = 3;

interface Row {
  kvTokens: number;
  name: string;
  runs: (Cost & { again: number; returnMs: number })[];
}

/** W7: tokens of the main agent that are computed again because its sub-agents took their pages. */
export async function benchSubagents({ runs, threads, hybrid }: BenchOptions): Promise<Report> {
  const model = smallModel(hybrid);
  const rows: Row[] = [];
  // Memory allows it: the main agent, and what its sub-agents hold at a time, fit. Their leftovers do not.
  for (const kvTokens of [8192, 4096, 3584]) {
    const options = { threads, kvTokens, maxRunning: AT_ONCE };
    const systems = [
      await BanyanSystem.open('banyan', model, options),
      await BanyanSystem.open('FCFS + LRU', model, { ...options, policy: FCFS_LRU.policy }),
    ];
    const measured = await byTurns(systems, runs, async (system, run) => {
      const { workload, mainCalls } = subAgents(CI, `run ${run}`, { mains: 1, children: CHILDREN });
      const cost = await costOf(system, workload);
      const calls = cost.run;
      const again = sum(mainCalls.map((call) => lostHistory(workload, { calls }, call)));
      const returns = mainCalls
        .slice(1)
        .map((call) => (calls.firstTokenUs[call] as number) - (calls.dueUs[call] as number));
      return { ...cost, again, returnMs: median(returns) / 1000 };
    });
    rows.push(...measured.map((each) => ({ kvTokens, ...each })));
  }
  const again = ({ runs }: Row) => median(runs.map((cost) => cost.again));
  const columns: Columns<Row> = {
    'KV tokens': ({ kvTokens }) => kvTokens,
    ...COSTS,
    'computed again': again,
    'TTFT of a return ms': ({ runs }) => median(runs.map((cost) => cost.returnMs)),
  };
  return {
    findings: rows
      .filter(({ name }) => name === 'banyan')
      .map((ours) => {
        const fcfs = rows.find((row) => row.kvTokens === ours.kvTokens && row !== ours) as Row;
        return `${ours.kvTokens} tokens of KV: the main agent computes ${again(ours)} tokens again, FCFS + LRU ${again(fcfs)}`;
      }),
    tables: [table(`5 turns, ${CHILDREN} sub-agents of 3 calls between them, ${AT_ONCE} at a time`, columns, rows)],
    setup: setup(nameOf(SMALL_MODEL, hybrid), threads, runs),
  };
}
