import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, type CallRule, defineTool, Engine, ToolPredictor } from '../../src/index.js';
import { median, spread } from '../../testing/statistics.js';
import type { BenchOptions, Report, Table } from '../report.js';

/*
 * What tools cost an agent on the embedded model: the first token behind them, calls that run together, calls that begin before
 * the model makes them. Each question is asked of a cold cache.
 */

const CITIES = ['Oslo', 'Bergen', 'Rome'];
const LONG = 'Light rain over the fjord, wind from the west, seven degrees. '.repeat(60);

/** A call takes `ms`; with `early` the first city's none, and that has much to say. */
function weather(ms: number, early = false) {
  return defineTool({
    name: 'get_weather',
    description: 'Current weather of a city',
    input: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
    pure: true,
    execute: async (input) => {
      const first = early && (input as { city: string }).city === CITIES[0];
      if (!first) await sleep(ms);
      return first ? LONG : '7 degrees';
    },
  });
}

const foretells = (...cities: string[]): CallRule[] => [
  ({ calls }) => (calls.length > 0 ? undefined : cities.map((city) => ({ name: 'get_weather', input: { city } }))),
];

async function asked(engine: Engine, tool: ReturnType<typeof weather>, rules?: CallRule[]) {
  await engine.clearCache();
  const predictor = rules && new ToolPredictor({ rules });
  const agent = new Agent({
    engine,
    system: 'Answer briefly.',
    tools: [tool],
    temperature: 0,
    maxTokens: 100,
    predictor,
  });
  const [a, b, c] = CITIES;
  const run = agent.run(`What is the weather in ${a}? And in ${b}? And in ${c}?`);
  const { steps, usage } = await run;
  if (usage.toolCalls !== CITIES.length) throw new Error(`${usage.toolCalls} calls`);
  const [first, second] = steps;
  return { session: run.session, first, second, totalMs: usage.totalMs };
}

/** The second step's prompt of such a run, with as much of it cached as there was, sent as a request of its own behind the same rest. */
async function warmFirstToken(engine: Engine): Promise<number> {
  const { session, second } = await asked(engine, weather(2_000, true));
  const prompt = session.tokens.slice(0, -(session.lastTurn?.tokens.length ?? 0));
  await engine.clearCache();
  await engine.generate(prompt.slice(0, second?.usage.cachedTokens ?? undefined), { maxTokens: 1 });
  await sleep(2_000); // the tool's time: a processor that has rested begins slower
  return (await engine.generate(prompt, { maxTokens: 1 })).usage.ttftMs;
}

/** Milliseconds of what a predictor does in one step: it foretells the next call, and learns which came. */
function predicting(predictor: ToolPredictor): number {
  const find = { name: 'find', input: { query: 'rain' }, ok: true };
  const files = Array.from({ length: 200 }, (_, n) => ({ path: `folder/file ${n}.txt`, size: n }));
  const result = JSON.stringify(files);
  let calls = Array.from({ length: 4 }, () => ({ ...find, result }));
  const call = { name: 'get_weather', input: { city: files[0]?.path } };
  const turn = { pure: new Set([call.name]), ended: true };
  const started = performance.now();
  for (let step = 0; step < 100; step++) {
    calls = [...calls.slice(1), { ...find, result }];
    const past = { input: LONG, calls };
    predictor.predict(past);
    predictor.learn(past, [call], turn);
  }
  return (performance.now() - started) / 100;
}

export async function benchTools({
  runs,
  threads,
}: Omit<BenchOptions, 'hybrid'>): Promise<Pick<Report, 'findings' | 'tables'>> {
  const [ahead, late] = await Promise.all(
    [true, false].map((computeAhead) => Engine.load({ policy: { computeAhead }, ...(threads > 0 && { threads }) })),
  );
  if (!ahead || !late) throw new Error('no engine');
  const firstToken = async (engine: Engine) => (await asked(engine, weather(2_000, true))).second?.usage.ttftMs ?? 0;
  const toolMs = async (ms: number, rules?: CallRule[]) => (await asked(ahead, weather(ms), rules)).first?.toolMs ?? 0;
  const totalMs = async (rules?: CallRule[]) => (await asked(ahead, weather(1), rules)).totalMs;
  const MEASURED: [what: string, measure: () => Promise<number>][] = [
    ['first token behind the tools: prefilled while the last one ran', () => firstToken(ahead)],
    ['of the same prompt, cached as far, as a request of its own', () => warmFirstToken(ahead)],
    ['nothing computed ahead', () => firstToken(late)],
    ['waited for three tools of 2 s', () => toolMs(2_000)],
    ['waited for three tools of 20 ms', () => toolMs(20)],
    ['the same, foretold', () => toolMs(20, foretells(...CITIES))],
    ['a run with three tools of 1 ms', () => totalMs()],
    ['the same, three wrong calls foretold', () => totalMs(foretells('x', 'y', 'z'))],
    [
      'a step of a predictor that looks back at 4 results of 8,000 characters',
      async () => predicting(new ToolPredictor()),
    ],
  ];
  const values = MEASURED.map(() => [] as number[]);
  for (let run = 0; run < runs; run++)
    for (const [index, [, measure]] of MEASURED.entries()) values[index]?.push(await measure());
  for (const engine of [ahead, late]) await engine.close();
  const [told, warm, untold, together, waited, foretold, plain, wrong] = values.map((list) => median(list));
  const percent = (ratio: number) => `${((ratio - 1) * 100).toFixed(1)}%`;
  const table: Table = {
    title: 'tools on the embedded model',
    columns: ['what', 'ms', 'spread %'],
    rows: MEASURED.map(([what], index) => [what, median(values[index] ?? []), spread(values[index] ?? [])]),
  };
  return {
    findings: [
      `first token behind tools: ${((told ?? 0) / (warm ?? 1)).toFixed(2)}x of a prompt cached as far (nothing ahead: ${((untold ?? 0) / (warm ?? 1)).toFixed(2)}x)`,
      `three tools of 2 s in one turn: ${Math.round((together ?? 0) - 2_000)} ms more than one`,
      `calls foretold: ${(waited ?? 0).toFixed(1)} ms of waiting become ${(foretold ?? 0).toFixed(1)}; three wrong ones cost ${percent((wrong ?? 0) / (plain ?? 1))} of a run`,
    ],
    tables: [table],
  };
}
