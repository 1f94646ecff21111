import { classify, Engine, Tiers } from '../../src/index.js';
import { sum } from '../../testing/statistics.js';
import { mixOf, type RoutedRequest, routedRequests } from '../../testing/workloads/routed-requests.js';
import type { Report } from '../report.js';

const REQUESTS = 120;
/** Shares of requests that the small model can answer. What routers are built for is the upper end. */
const MIXES = [0.5, 0.7, 0.8, 0.9];
const ANSWER = { temperature: 0, maxTokens: 24 } as const;

/**
 * Tokens that a big model is spared by a small one before it: the embedded model routes and answers what is simple. What stands for the
 * big one is the embedded model a second time: the counts are of tokens, which do not depend on how large it is.
 */
export async function benchTiers(threads: number): Promise<Pick<Report, 'findings' | 'tables'>> {
  const given = threads > 0 ? { threads } : {};
  await using small = await Engine.load(given);
  await using big = await Engine.load(given);
  const requests = routedRequests();
  const rows: (string | number)[][] = [];
  for (const share of MIXES) {
    const asked = mixOf(requests, share, REQUESTS);
    rows.push([`${Math.round(share * 100)}% simple`, ...(await routed(asked, small, big))]);
  }
  const [, , with80] = rows;
  return {
    findings: [
      `tiers: ${with80?.[4]}x fewer tokens of the big model when 80% of the requests are simple, ${with80?.[1]}% of ${REQUESTS} begin in the right tier; by mix: ` +
        rows.map(([mix, , , , factor]) => `${mix} ${factor}x`).join(', '),
    ],
    tables: [
      {
        title: `tiers: ${REQUESTS} labelled requests, the embedded model before a big one`,
        columns: [
          'mix',
          'right %',
          'big tokens alone',
          'big tokens behind tiers',
          'times fewer',
          'small tokens, routes too',
        ],
        rows,
      },
    ],
  };
}

async function routed(asked: readonly RoutedRequest[], small: Engine, big: Engine): Promise<number[]> {
  const alone = await Promise.all(
    asked.map(async ({ text }) => (await big.generate([{ role: 'user', content: text }], ANSWER)).usage),
  );
  const labels = { simple: 'small', complex: 'big' };
  const route = classify({ engine: small, system: asked[0]?.system ?? '', labels });
  const tiers = new Tiers(
    [
      { name: 'small', engine: small },
      { name: 'big', engine: big },
    ],
    { route },
  );
  const answers = await Promise.all(asked.map(({ text }) => tiers.generate([{ role: 'user', content: text }], ANSWER)));
  const right = answers.filter(
    ({ tries }, index) => tries[0]?.tier === labels[asked[index]?.label ?? 'complex'],
  ).length;
  const [first, second] = tiers.report().map(({ promptTokens, outputTokens }) => promptTokens + outputTokens);
  const all = sum(alone.map(({ promptTokens, outputTokens }) => promptTokens + outputTokens));
  const factor = Math.round((100 * all) / (second ?? Number.NaN)) / 100;
  return [(100 * right) / asked.length, all, second ?? 0, factor, first ?? 0];
}
