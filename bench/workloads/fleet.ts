import type { Report, Table } from '../report.js';
import { median, spread } from '../statistics.js';
import { BanyanSystem } from '../systems/banyan-system.js';
import { type AgentPlan, type FleetCost, logNormal, runAgents, tokens } from './agents.js';
import { CI_MODEL, ciModel, scaled } from './model.js';

export const CALLS = 11;
const ROLES = 4;

/** W2: agents that share 3,000 tokens, 500 more within a role, and append 870 tokens and answer 225 at each of 11 calls. */
export function fleet(size: number): AgentPlan[] {
  const shared = tokens('fleet shared', scaled(3000));
  return Array.from({ length: size }, (_, agent) => ({
    instructions: [...shared, ...tokens(`fleet role ${agent % ROLES}`, scaled(500))],
    steps: Array.from({ length: CALLS }, (_, call) => ({
      appended: tokens(`fleet ${agent}/${call}`, scaled(870)),
      outputTokens: scaled(225),
      toolMs: logNormal(`fleet tool ${agent}/${call}`, 900 / 50),
    })),
  }));
}

/** The fleet on our engine and on the naive baseline, by turns. */
export async function benchFleet(runs: number): Promise<Report> {
  const model = ciModel();
  const ours = await BanyanSystem.open('banyan', model);
  const naive = await BanyanSystem.naive(model);
  const tables: Table[] = [];
  const findings: string[] = [];
  for (const size of [8, 32]) {
    const agents = fleet(size);
    const costs: Record<string, FleetCost[]> = { banyan: [], naive: [] };
    // The naive baseline grows with the square of the history: the larger fleet gets one interleaved pair.
    for (let run = 0; run < (size > 8 ? 1 : runs); run++)
      for (const system of run % 2 === 0 ? [ours, naive] : [naive, ours]) {
        await system.forget();
        costs[system.name]?.push(await runAgents(system, agents));
      }
    const wall = (name: string) => median((costs[name] ?? []).map(({ wallMs }) => wallMs));
    const ratio = wall('naive') / wall('banyan');
    findings.push(`${size} agents: ${ratio.toFixed(1)}x over naive (target 5x)`);
    tables.push({
      title: `${size} agents x ${CALLS} calls`,
      columns: [
        'system',
        'wall s',
        'spread %',
        'prompt tokens',
        'prefilled',
        'output',
        'TTFT p50 ms',
        'p95 ms',
        'ratio',
      ],
      rows: Object.entries(costs).map(([name, list]) => {
        const last = list.at(-1) as FleetCost;
        return [
          name,
          wall(name) / 1000,
          spread(list.map(({ wallMs }) => wallMs)),
          last.promptTokens,
          median(list.map(({ prefilledTokens }) => prefilledTokens)),
          last.outputTokens,
          median(list.map(({ ttftP50 }) => ttftP50)),
          median(list.map(({ ttftP95 }) => ttftP95)),
          `${(wall('naive') / wall(name)).toFixed(2)}x`,
        ];
      }),
    });
  }
  await ours.close();
  await naive.close();
  return {
    findings,
    tables,
    setup: {
      model: CI_MODEL,
      repetitions: `${runs} for 8 agents, 1 for 32; by turns`,
      naive: 'the same engine and kernels with one request at a time and no reuse',
    },
  };
}
