import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { NativeSimWorkload } from '../../src/native/simulation.js';
import { forAllSchedules } from './support/property.js';
import { call, config, program, simulate, stateOf } from './support/small.js';

test('1 and 2: pages are free or referenced, and a cell that a request sees never changes', async () => {
  const failing = fc.constantFrom(0, 3, 7).map((failEvery) => ({ failEvery }));
  await forAllSchedules({ runs: 600, seed: 1, options: failing }, ({ result }) => {
    expect(result.stats.waiting + result.stats.running).toBe(0);
    expect(result.stats.pagesUsed).toBe(result.stats.pagesCached);
  });
});

/** Prompts over an alphabet of three, one after another, each long done when the next comes. */
const prompts = fc.array(
  fc.record({
    salt: fc.integer({ min: 0, max: 1 }),
    tokens: fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 1, maxLength: 70 }),
    answer: fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 1, maxLength: 20 }),
  }),
  { minLength: 2, maxLength: 12 },
);

function oneByOne(list: { salt: number; tokens: number[]; answer: number[] }[]): NativeSimWorkload {
  const literals = [new Int32Array(0)];
  const literal = (tokens: number[]) => literals.push(Int32Array.from(tokens)) - 1;
  return {
    programs: list.map(({ salt }) => program('interactive', { salt, tenant: salt })),
    calls: list.map(({ tokens, answer }, i) =>
      call(i, [literal(tokens), tokens.length], answer.length, {
        after: i === 0 ? [] : [i - 1],
        outputContent: literal(answer),
      }),
    ),
    literals,
  };
}

function commonPrefix(a: number[], b: number[]): number {
  let n = 0;
  while (n < Math.min(a.length, b.length) && a[n] === b[n]) n++;
  return n;
}

test('3 and 4: what is found cached is the longest common prefix, by brute force, among the same salt', async () => {
  await fc.assert(
    fc.asyncProperty(prompts, async (list) => {
      const { calls, violations } = await simulate(oneByOne(list), config({ pages: 200 }));
      expect(violations).toEqual([]);
      const expected = list.map(({ salt, tokens }, i) => {
        // The last token of an answer is never computed, and that of a prompt is always computed: its logits are wanted.
        const past = list.slice(0, i).filter((other) => other.salt === salt);
        const found = past.map((other) => commonPrefix(tokens, [...other.tokens, ...other.answer.slice(0, -1)]));
        return Math.min(tokens.length - 1, Math.max(0, ...found));
      });
      expect([...calls.cachedTokens]).toEqual(expected);
    }),
    { numRuns: 400, seed: 3 },
  );
});

test('21: an n-way fork copies at most n - 1 pages', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 2, max: 8 }), fc.integer({ min: 1, max: 90 }), async (n, prefix) => {
      const trunk = call(0, [1, prefix], 3);
      const branches = Array.from({ length: n }, (_, i) => call(0, [i + 2, 10], 6, { after: [0], base: 0 }));
      const workload = { programs: [program()], calls: [trunk, ...branches], literals: [] };
      const result = await simulate(workload, config({ pages: 400, maxRunning: 16 }));
      expect(result.violations).toEqual([]);
      expect(result.stats.pagesCopied).toBeLessThanOrEqual(n - 1);
    }),
    { numRuns: 100, seed: 21 },
  );
});

test('21: cancelled losers are gone within one step', async () => {
  const tries = [5, 300, 300, 300].map((output, i) => call(0, [i + 1, 40], output));
  const join = call(0, [9, 10], 200, { after: [0, 1, 2, 3], need: 1, base: 0 });
  const workload = { programs: [program()], calls: [...tries, join], literals: [] };
  const result = await simulate(workload, config({ pages: 400 }));
  const decided = result.calls.endedUs[0] as number;
  for (const loser of [1, 2, 3]) {
    expect(stateOf(result, loser)).toBe('cancelled');
    expect(result.calls.endedUs[loser]).toBe(decided);
  }
  const rows = Buffer.from(result.log).toString().split('\n');
  const late = rows.filter((row) => / row [234] /.test(row) && Number(row.split(' ')[0]) >= decided);
  expect(late).toEqual([]);
});
