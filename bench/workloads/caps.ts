import type { BenchOptions, Report } from '../report.js';
import { median } from '../statistics.js';
import { BanyanSystem } from '../systems/banyan-system.js';
import { runAgents } from './agents.js';
import { fleet } from './fleet.js';
import { SMALL_MODEL, smallModel } from './model.js';
import { FCFS_LRU } from './policies.js';

const AGENTS = 32;
/** About half of what the fleet holds at its end: how many run at once decides whether it thrashes. */
const POOL = 16_384;
const CAPS = [2, 4, 8, 16, 32];

/** W2 in a pool that is too small for it: our window against every fixed cap on running requests. */
export async function benchCaps({ runs, threads }: BenchOptions): Promise<Report> {
  const model = smallModel();
  const plans = fleet(AGENTS);
  const systems = [await BanyanSystem.open('banyan', model, { threads, kvTokens: POOL, maxRunning: AGENTS })];
  for (const cap of CAPS) {
    const options = { threads, kvTokens: POOL, maxRunning: cap, policy: FCFS_LRU };
    systems.push(await BanyanSystem.open(`FCFS + LRU, at most ${cap}`, model, options));
  }
  const throughput = new Map(systems.map((system) => [system, [] as number[]]));
  const prefilled = new Map(systems.map((system) => [system, [] as number[]]));
  for (let run = 0; run < runs; run++)
    for (const system of run % 2 === 0 ? systems : [...systems].reverse()) {
      await system.forget();
      const cost = await runAgents(system, plans);
      throughput.get(system)?.push(cost.outputTokens / (cost.wallMs / 1000));
      prefilled.get(system)?.push(cost.prefilledTokens);
    }
  for (const system of systems) await system.close();
  const rows = systems.map((system) => [
    system.name,
    median(throughput.get(system) ?? []),
    median(prefilled.get(system) ?? []),
  ]);
  const [ours, ...fixed] = rows.map(([, rate]) => rate as number);
  const best = Math.max(...fixed);
  return {
    findings: [
      `${AGENTS} agents: ${((ours as number) / best).toFixed(2)} of the best fixed cap's throughput (target 0.95)`,
    ],
    tables: [
      { title: `${AGENTS} agents, ${POOL} tokens of KV`, columns: ['policy', 'output tokens/s', 'prefilled'], rows },
    ],
    setup: { model: SMALL_MODEL, threads: threads || 'all physical cores', repetitions: `${runs}, by turns, medians` },
  };
}
