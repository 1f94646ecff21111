import { afterAll, beforeAll, expect, test } from 'vitest';
import { Engine } from '../../src/engine/engine.js';
import type { WatchedCall } from '../../src/engine/watch/call-watch.js';
import { classify } from '../../src/tiers/route.js';
import { Tiers } from '../../src/tiers/tiers.js';
import { mixOf, routedRequests } from '../../testing/workloads/routed-requests.js';

// The embedded model as a classifier, on the labelled requests that it was never trained on.

const labelled = routedRequests();
const labels = { simple: 'small', complex: 'big' };

let engine: Engine;
let big: Engine;
beforeAll(async () => {
  engine = await Engine.load();
  big = await Engine.load(); // how large it is changes no count
});
afterAll(async () => {
  await engine.close();
  await big.close();
});

test('simple or complex: at least 99 of 100 requests begin in the right tier', async () => {
  expect(labelled.length).toBeGreaterThan(10);
  const right = await Promise.all(
    labelled.map(async ({ system, text, label }) => {
      const route = classify({ engine, system, labels });
      const routed = await route([{ role: 'user', content: text }]);
      return Object(routed).tier === labels[label];
    }),
  );
  expect(right.filter(Boolean).length / right.length).toBeGreaterThanOrEqual(0.99);
});

test('of requests four fifths of which are simple the big model gets less than a third of the tokens, and the report has each', async () => {
  const asked = mixOf(labelled, 0.8, 100);
  expect(asked.filter(({ label }) => label === 'simple')).toHaveLength(80);
  const answer = { temperature: 0, maxTokens: 16 } as const;
  const tokensOf = (calls: readonly Pick<WatchedCall, 'usage'>[]) => {
    const sum = (key: 'promptTokens' | 'cachedTokens' | 'outputTokens') =>
      calls.reduce((all, { usage }) => all + (usage[key] ?? 0), 0);
    const [promptTokens, cachedTokens, outputTokens] = [sum('promptTokens'), sum('cachedTokens'), sum('outputTokens')];
    return { promptTokens, cachedTokens, outputTokens };
  };
  const alone: WatchedCall[] = [];
  const endAlone = big.watchCalls((call) => alone.push(call));
  await Promise.all(asked.map(({ text }) => big.generate([{ role: 'user', content: text }], answer)));
  endAlone();
  const calls: [WatchedCall[], WatchedCall[]] = [[], []];
  const ends = [engine, big].map((one, tier) => one.watchCalls((call) => calls[tier]?.push(call)));
  const route = classify({ engine, system: labelled[0]?.system ?? '', labels });
  const tiers = new Tiers(
    [
      { name: 'small', engine },
      { name: 'big', engine: big },
    ],
    { route },
  );
  const answers = await Promise.all(asked.map(({ text }) => tiers.generate([{ role: 'user', content: text }], answer)));
  for (const end of ends) end();
  expect(answers.filter(({ tier }, index) => tier === labels[asked[index]?.label ?? 'simple']).length).toBeGreaterThan(
    98,
  );
  const [small, large] = tiers.report();
  expect(small).toMatchObject({ ...tokensOf(calls[0]), routed: 100, asked: 80 });
  expect(large).toMatchObject({ ...tokensOf(calls[1]), routed: 0, asked: 20 });
  const all = ({ promptTokens, outputTokens }: ReturnType<typeof tokensOf>) => promptTokens + outputTokens;
  expect(all(tokensOf(alone)) / all(tokensOf(calls[1]))).toBeGreaterThanOrEqual(3);
});
