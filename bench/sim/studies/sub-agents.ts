import { lostHistory } from '../../../testing/simulator/metrics.js';
import { run } from '../../../testing/simulator/run-simulation.js';
import { FCFS_LRU, OURS } from '../../../testing/simulator/systems.js';
import { subAgents } from '../../../testing/workloads/sub-agents.js';
import { forSeeds, over, type Study, type StudyOptions, verdict } from './study.js';

const CHILDREN = [4, 16, 64];
const RUNNING = 16;
/** At GPU scale: two main agents with all their turns, four roles, and sixteen sub-agents at work. Not those that ended. */
const POOL = 2 * 30_000 + 4 * 8_000 + RUNNING * 2_500;

/** W7: does a main agent find its history again after its sub-agents ran? */
export async function subAgentsStudy({ setup, seeds }: StudyOptions): Promise<Study> {
  const limited = { ...setup, poolTokens: setup.scale.tokens(POOL), maxRunning: RUNNING };
  const rows: [number, string, number, number, number][] = [];
  for (const children of CHILDREN) {
    for (const system of [OURS, FCFS_LRU]) {
      const runs = await forSeeds(seeds, async (seed) => {
        const { workload, mainCalls } = subAgents(setup.scale, seed, { children });
        const { result, metrics } = await run(workload, system, limited);
        return { metrics, lost: mainCalls.reduce((sum, call) => sum + lostHistory(workload, result, call), 0) };
      });
      rows.push([
        children,
        system.name,
        Math.max(...runs.map(({ lost }) => lost)),
        over(runs, ({ metrics }) => metrics.hitRate),
        over(runs, ({ metrics }) => metrics.seconds),
      ]);
    }
  }
  const lost = (name: string) => rows.filter(([, system]) => system === name).map(([, , tokens]) => tokens);
  const ours = Math.max(...lost(OURS.name));
  return {
    findings: [
      verdict("W7, main agents' re-prefilled tokens", ours.toLocaleString('en-US'), '0', ours === 0),
      `W7 with FCFS + LRU: up to ${Math.max(...lost(FCFS_LRU.name)).toLocaleString('en-US')} tokens re-prefilled`,
    ],
    tables: [
      {
        title: 'W7: two main agents, 5 turns, sub-agents in between; memory for those at work',
        columns: ['sub-agents a turn', 'system', 're-prefilled tokens (most)', 'hit rate', 'all done after s'],
        rows,
      },
    ],
  };
}
