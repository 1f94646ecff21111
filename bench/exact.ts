import { Engine } from '../src/index.js';
import { median, spread, sum } from '../testing/statistics.js';
import { byTurns } from './by-turns.js';
import { describe, modelPath } from './models.js';
import type { Measured } from './report.js';

const MODEL = '60m';
const BATCHES = [1, 4, 16];
const WORDS = 60;
const TOKENS = 48;

/** Tokens a second. */
interface Rates {
  prefill: number;
  decode: number;
}

/** What `exact` costs: the same prompts and answers on an engine with it and one without, by turns. */
export async function measureExact(runs: number, threads: number): Promise<Measured> {
  const systems = [];
  for (const exact of [false, true]) {
    const engine = await Engine.load({ model: modelPath(MODEL), threads, exact, kvTokens: 32_768 });
    systems.push({ name: exact ? 'exact' : 'not exact', engine, close: () => engine.close() });
  }
  const [plain, exact] = await byTurns(systems, runs + 1, async ({ engine }, run) => {
    const rates = new Map<number, Rates>();
    for (const batch of BATCHES) rates.set(batch, await ratesOf(engine, run, batch));
    return rates;
  });
  if (!plain || !exact) throw new Error('an engine is missing');
  const kinds = ['prefill', 'decode'] as const;
  const rows = kinds.flatMap((kind) =>
    BATCHES.map((batch) => {
      // The first run warms up.
      const of = (all: ReadonlyMap<number, Rates>[]) => all.slice(1).map((rates) => rates.get(batch)?.[kind] ?? 0);
      const [without, having] = [of(plain.runs), of(exact.runs)];
      const ratio = median(having.map((rate, run) => rate / (without[run] ?? rate)));
      return [kind, batch, median(without), median(having), spread(having), ratio];
    }),
  );
  return {
    findings: rows.map(
      ([kind, batch, , , , ratio]) =>
        `exact, ${kind}, ${batch} at once: ${Number(ratio).toFixed(2)}x of the rate without`,
    ),
    tables: [
      {
        title: `exact against not exact, ${describe(MODEL)}: tokens a second, by turns`,
        columns: ['what', 'at once', 'not exact', 'exact', 'spread %', 'x'],
        rows,
      },
    ],
  };
}

/** New prompts, each with one token; then the same ones, from the cache, with many. */
async function ratesOf(engine: Engine, run: number, batch: number): Promise<Rates> {
  const prompts = Array.from({ length: batch }, (_, at) =>
    Array.from({ length: WORDS }, (_, word) => (run * 7919 + batch * 523 + at * 97 + word * 31) % 9973).join(' '),
  );
  const all = async (maxTokens: number) => {
    const began = performance.now();
    const options = { temperature: 0, maxTokens, ignoreEos: true } as const;
    const answers = await Promise.all(prompts.map((prompt) => engine.generate(prompt, options)));
    return { seconds: (performance.now() - began) / 1000, usages: answers.map(({ usage }) => usage) };
  };
  const first = await all(1);
  const then = await all(TOKENS);
  return {
    prefill: sum(first.usages.map(({ promptTokens }) => promptTokens)) / first.seconds,
    decode: sum(then.usages.map(({ outputTokens }) => outputTokens)) / then.seconds,
  };
}
