import { BanyanSystem } from '../../testing/drive/banyan-system.js';
import { newTokens } from '../../testing/simulator/ideal.js';
import { closedForms, loop } from '../../testing/workloads/loop.js';
import { CI, GPU } from '../../testing/workloads/scale.js';
import { byTurns } from '../by-turns.js';
import { COSTS, costOf, ratio, table } from '../cost.js';
import type { BenchOptions, Report } from '../report.js';
import { CI_MODEL, ciModel, setup } from './model.js';

/** W1: one agent with quick tools, against the naive baseline; and the closed forms, unscaled, as they are counts. */
export async function benchLoop({ runs, threads }: BenchOptions): Promise<Report> {
  const model = ciModel();
  const systems = [await BanyanSystem.open('banyan', model, { threads }), await BanyanSystem.naive(model, { threads })];
  const plan = loop(CI, 'loop', { quick: true });
  const [ours, naive] = await byTurns(systems, runs, (system) => costOf(system, plan));
  const counter = await BanyanSystem.open('banyan', model, { threads });
  const { growing, still } = closedForms(GPU);
  const [forms] = await byTurns([counter], 1, async (system) => [
    { name: '5 steps: 200 tokens, then 300 more at each', plan: growing, cost: await costOf(system, growing) },
    { name: '10 steps over a static prefix of 2,000, 30 own each', plan: still, cost: await costOf(system, still) },
  ]);
  if (!ours || !naive || !forms) throw new Error('every system was measured');
  const cases = forms.runs.flat();
  const exact = cases.every(({ plan, cost }) => cost.prefilledTokens === newTokens(plan));
  return {
    findings: [
      `one agent: ${ratio(ours, naive, ({ wallMs }) => wallMs).toFixed(2)}x over naive, tool time included`,
      `closed forms ${exact ? 'hold exactly' : 'DO NOT HOLD'}`,
    ],
    tables: [
      table('one agent, 11 turns', COSTS, [ours, naive]),
      table(
        'closed forms (tokens prefilled)',
        {
          case: (form: (typeof cases)[number]) => form.name,
          naive: ({ cost }) => cost.promptTokens,
          'must be': ({ plan }) => newTokens(plan),
          measured: ({ cost }) => cost.prefilledTokens,
        },
        cases,
      ),
    ],
    setup: setup(CI_MODEL, threads, runs),
  };
}
