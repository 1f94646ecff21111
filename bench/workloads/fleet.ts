import type { BenchOptions, Report, Table } from '../report.js';
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
export const benchFleet =
  (size: number) =>
  async ({ runs, threads }: BenchOptions): Promise<Report> => {
    const model = ciModel();
    const ours = await BanyanSystem.open('banyan', model, { threads });
    const naive = await BanyanSystem.naive(model, { threads });
    const agents = fleet(size);
    const costs: Record<string, FleetCost[]> = { banyan: [], naive: [] };
    for (let run = 0; run < runs; run++)
      for (const system of run % 2 === 0 ? [ours, naive] : [naive, ours]) {
        await system.forget();
        costs[system.name]?.push(await runAgents(system, agents));
      }
    await ours.close();
    await naive.close();
    const ratio = (pick: (cost: FleetCost) => number) =>
      (median((costs.naive ?? []).map(pick)) / median((costs.banyan ?? []).map(pick))).toFixed(1);
    return {
      findings: [
        `${size} agents: ${ratio(({ wallMs }) => wallMs)}x over naive (target 5x), ${ratio(({ cpuMs }) => cpuMs)}x less CPU time`,
      ],
      tables: [fleetTable(`${size} agents x ${CALLS} calls`, costs)],
      setup: {
        model: CI_MODEL,
        threads: threads || 'all physical cores',
        repetitions: `${runs}, by turns, medians`,
        naive: 'the same engine and kernels with one request at a time and no reuse',
      },
    };
  };

/** A row a system: medians over its runs, and how many times it is faster than the slowest. */
export function fleetTable(title: string, costs: Record<string, FleetCost[]>): Table {
  const walls = Object.values(costs).map((list) => median(list.map(({ wallMs }) => wallMs)));
  return {
    title,
    columns: [
      'system',
      'ratio',
      'wall s',
      'spread %',
      'CPU s',
      'prompt tokens',
      'prefilled',
      'output',
      'TTFT p50 ms',
      'p95 ms',
    ],
    rows: Object.entries(costs).map(([name, list], i) => {
      const wall = walls[i] as number;
      const over = (pick: (cost: FleetCost) => number) => median(list.map(pick));
      return [
        name,
        `${(Math.max(...walls) / wall).toFixed(2)}x`,
        wall / 1000,
        spread(list.map(({ wallMs }) => wallMs)),
        over(({ cpuMs }) => cpuMs / 1000),
        over(({ promptTokens }) => promptTokens),
        over(({ prefilledTokens }) => prefilledTokens),
        over(({ outputTokens }) => outputTokens),
        over(({ ttftP50 }) => ttftP50),
        over(({ ttftP95 }) => ttftP95),
      ];
    }),
  };
}
