import type { BenchOptions, Report } from '../report.js';
import { median } from '../statistics.js';
import { BanyanSystem } from '../systems/banyan-system.js';
import type { System } from '../systems/system.js';
import { type AgentPlan, type FleetCost, logNormal, runAgents, tokens } from './agents.js';
import { fleetTable } from './fleet.js';
import { CI_MODEL, ciModel, scaled } from './model.js';

const TURNS = 11;

/** W1: one agent, 2,000 static tokens, 11 turns that append 800 and answer 300; tools of 0.9 s. */
const plan: AgentPlan = {
  instructions: tokens('loop', scaled(2000)),
  steps: Array.from({ length: TURNS }, (_, turn) => ({
    appended: tokens(`loop ${turn}`, scaled(800)),
    outputTokens: scaled(300),
    toolMs: logNormal(`loop tool ${turn}`, 900 / 50),
  })),
};

interface ClosedForm {
  name: string;
  naive: number;
  optimal: number;
  measured: number;
}

/** Unscaled, as they are counts: the prompts of a step are known, so is what must be computed of them. */
async function closedForms(system: System): Promise<ClosedForm[]> {
  const prefilled = async (prompts: number[][]) => {
    let total = 0;
    for (const prompt of prompts) total += (await system.call(prompt, 1, 1)).prefilledTokens;
    return total;
  };
  const grown = tokens('closed grow', 200 + 4 * 300);
  const fixed = tokens('closed static', 2000);
  return [
    {
      name: '5 steps: 200 tokens, then 300 more at each',
      naive: 4000,
      optimal: 1400,
      measured: await prefilled([0, 1, 2, 3, 4].map((step) => grown.slice(0, 200 + 300 * step))),
    },
    {
      name: '10 steps over a static prefix of 2,000, 30 own each',
      naive: 20_300,
      optimal: 2300,
      measured: await prefilled(
        Array.from({ length: 10 }, (_, step) => [...fixed, step, ...tokens(`closed tail ${step}`, 29)]),
      ),
    },
  ];
}

export async function benchLoop({ runs, threads }: BenchOptions): Promise<Report> {
  const model = ciModel();
  const ours = await BanyanSystem.open('banyan', model, { threads });
  const naive = await BanyanSystem.naive(model, { threads });
  const costs: Record<string, FleetCost[]> = { banyan: [], naive: [] };
  for (let run = 0; run < runs; run++)
    for (const system of run % 2 === 0 ? [ours, naive] : [naive, ours]) {
      await system.forget();
      costs[system.name]?.push(await runAgents(system, [plan]));
    }
  const forms = await closedForms(ours);
  await ours.close();
  await naive.close();
  const wall = (name: string) => median((costs[name] ?? []).map(({ wallMs }) => wallMs));
  const exact = forms.every(({ measured, optimal }) => measured === optimal);
  return {
    findings: [
      `one agent: ${(wall('naive') / wall('banyan')).toFixed(2)}x over naive, tool time included`,
      `closed forms ${exact ? 'hold exactly' : 'DO NOT HOLD'}`,
    ],
    tables: [
      fleetTable(`one agent, ${TURNS} turns`, costs),
      {
        title: 'closed forms (tokens prefilled)',
        columns: ['case', 'naive', 'must be', 'measured'],
        rows: forms.map(({ name, naive, optimal, measured }) => [name, naive, optimal, measured]),
      },
    ],
    setup: { model: CI_MODEL, threads: threads || 'all physical cores', repetitions: `${runs}, by turns` },
  };
}
