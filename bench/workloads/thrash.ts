import type { BenchOptions, Report } from '../report.js';
import { median } from '../statistics.js';
import { BanyanSystem } from '../systems/banyan-system.js';
import { type AgentPlan, type FleetCost, logNormal, runAgents, tokens } from './agents.js';
import { SMALL_MODEL, scaled, smallModel } from './model.js';
import { FCFS_LRU } from './policies.js';

const AGENTS = 8;
const CALLS = 6;
const OWN = scaled(8000);
const SHARED = scaled(3000);
const APPENDED = scaled(870);
const ANSWER = scaled(225);
/** Tokens of KV when every agent is at its end. */
const TOTAL = SHARED + AGENTS * (OWN + CALLS * (APPENDED + ANSWER));

/** W5: agents with long pasts of their own, whose tools take their time; one wait in ten is a person's. */
export function thrash(): AgentPlan[] {
  return Array.from({ length: AGENTS }, (_, agent) => ({
    instructions: [...tokens('thrash shared', SHARED), ...tokens(`thrash ${agent}`, OWN)],
    steps: Array.from({ length: CALLS }, (_, call) => {
      const human = (agent * CALLS + call) % 10 === 9;
      return {
        appended: tokens(`thrash ${agent}/${call}`, APPENDED),
        outputTokens: ANSWER,
        toolMs: human ? 86_000 / 50 : logNormal(`thrash tool ${agent}/${call}`, 900 / 50),
      };
    }),
  }));
}

/** Tokens that were new: what every agent adds, and the shared beginning once. */
const NEW_TOKENS = SHARED + AGENTS * (OWN + CALLS * APPENDED);

/** W5 at several sizes of the pool, our policy against first-come-first-served with LRU, by turns. */
export async function benchThrash({ runs, threads }: BenchOptions): Promise<Report> {
  const model = smallModel();
  const plans = thrash();
  const findings: string[] = [];
  const rows: (string | number)[][] = [];
  for (const overcommit of [0.8, 2, 4]) {
    const options = { threads, kvTokens: 16 * Math.ceil(TOTAL / overcommit / 16) };
    const ours = await BanyanSystem.open('banyan', model, options);
    const fcfs = await BanyanSystem.open('FCFS + LRU', model, { ...options, policy: FCFS_LRU });
    const costs = new Map<BanyanSystem, FleetCost[]>([
      [ours, []],
      [fcfs, []],
    ]);
    for (let run = 0; run < runs; run++)
      for (const system of run % 2 === 0 ? [ours, fcfs] : [fcfs, ours]) {
        await system.forget();
        costs.get(system)?.push(await runAgents(system, plans));
      }
    const measured = [...costs].map(([system, list]) => {
      const prefilled = median(list.map((cost) => cost.prefilledTokens));
      const completion = median(list.map((cost) => median(cost.programMs)));
      rows.push([
        `${overcommit}x`,
        system.name,
        prefilled / NEW_TOKENS,
        completion / 1000,
        median(list.map(({ wallMs }) => wallMs)) / 1000,
        median(list.map(({ ttftP95 }) => ttftP95)),
      ]);
      return { amplification: prefilled / NEW_TOKENS, completion };
    });
    const [a, b] = measured as [(typeof measured)[0], (typeof measured)[0]];
    findings.push(
      `memory ${overcommit}x overcommitted: prefill amplification ${a.amplification.toFixed(2)} against ` +
        `${b.amplification.toFixed(2)}, completion p50 ${(b.completion / a.completion).toFixed(2)}x sooner`,
    );
    await ours.close();
    await fcfs.close();
  }
  return {
    findings,
    tables: [
      {
        title: `${AGENTS} agents x ${CALLS} calls, ${TOTAL} tokens of KV at their end`,
        columns: ['overcommit', 'policy', 'prefilled / new', 'completion p50 s', 'wall s', 'TTFT p95 ms'],
        rows,
      },
    ],
    setup: { model: SMALL_MODEL, threads: threads || 'all physical cores', repetitions: `${runs}, by turns, medians` },
  };
}
