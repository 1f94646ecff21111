import { BanyanSystem } from '../../testing/drive/banyan-system.js';
import { newTokens } from '../../testing/simulator/ideal.js';
import { closedForms } from '../../testing/workloads/loop.js';
import { GPU } from '../../testing/workloads/scale.js';
import { costOf, table } from '../cost.js';
import { describe, modelPath } from '../models.js';
import type { BenchOptions, Report } from '../report.js';

/** W1's closed forms, unscaled, as they are counts. */
export async function benchClosedForms({ threads }: BenchOptions): Promise<Report> {
  const system = await BanyanSystem.open('banyan', modelPath('25m'), { threads });
  const { growing, still } = closedForms(GPU);
  const cases = [
    { name: '5 steps: 200 tokens, then 300 more at each', plan: growing, cost: await costOf(system, growing) },
    { name: '10 steps over a static prefix of 2,000, 30 own each', plan: still, cost: await costOf(system, still) },
  ];
  await system.close();
  const exact = cases.every(({ plan, cost }) => cost.prefilledTokens === newTokens(plan));
  return {
    findings: [`closed forms ${exact ? 'hold exactly' : 'DO NOT HOLD'}`],
    tables: [
      table(
        'tokens prefilled',
        {
          case: ({ name }: (typeof cases)[number]) => name,
          naive: ({ cost }) => cost.promptTokens,
          'must be': ({ plan }) => newTokens(plan),
          measured: ({ cost }) => cost.prefilledTokens,
        },
        cases,
      ),
    ],
    setup: { model: describe('25m') },
  };
}
