import { Agent, defineTool, Engine, ToolPredictor } from '../../src/index.js';
import { median, medianError, quantile } from '../../testing/statistics.js';
import { modelPath } from '../models.js';
import type { Report } from '../report.js';

const PAIRS = 200;
/** Pairs before them: what is compiled meanwhile. */
const WARM = 50;

/** What a wrong guess costs: CPU time of a run in which a call is foretold that never comes, beside one in which nothing is foretold. */
export async function benchMisses(threads: number): Promise<Pick<Report, 'findings' | 'tables'>> {
  await using engine = await Engine.load(threads > 0 ? { threads } : {});
  const differences: number[] = [];
  const steps: number[] = [];
  for (let pair = 0; pair < PAIRS + WARM; pair++) {
    const costs = { plain: 0, missed: 0 };
    for (const kind of pair % 2 === 0 ? (['plain', 'missed'] as const) : (['missed', 'plain'] as const)) {
      costs[kind] = await cpuOfStep(engine, kind === 'missed');
    }
    if (pair < WARM) continue;
    differences.push(costs.missed - costs.plain);
    steps.push(costs.plain);
  }
  const step = median(steps);
  const [low = 0, middle = 0, high = 0] = [0.25, 0.5, 0.75].map((share) => quantile(differences, share));
  const error = medianError(differences);
  const larger = await stepOfLarger(threads);
  const percent = (ms: number, of: number) => `${((100 * ms) / of).toFixed(2)}%`;
  return {
    findings: [
      `a call foretold that never comes costs ${middle.toFixed(2)} ms of CPU time, give or take ${error.toFixed(2)}: ${percent(middle, step)} of a step of ` +
        `the embedded model (4M parameters), ${percent(middle, larger)} of one of the 25M shape (target: under 2% of a step)`,
    ],
    tables: [
      {
        title: `a miss: ${PAIRS} pairs of runs on the embedded model, differences of CPU time a step`,
        columns: [
          'CPU ms of a step',
          'difference, median ms',
          'standard error',
          'lower quartile',
          'upper quartile',
          '25M: ms of a step',
        ],
        rows: [[step, middle, error, low, high, larger]],
      },
    ],
  };
}

/** CPU milliseconds of a step of a larger model, of as many tokens: a miss costs the same there, and drowns in what a step varies by. */
async function stepOfLarger(threads: number): Promise<number> {
  const options = { model: modelPath('25m'), kvTokens: 4_096, maxContext: 4_096 };
  await using engine = await Engine.load({ ...options, ...(threads > 0 && { threads }) });
  const steps: number[] = [];
  for (let run = 0; run < 10; run++) steps.push(await cpuOfStep(engine, false, 20));
  return median(steps);
}

const tool = defineTool({
  name: 'get_weather',
  description: 'Current weather of a city',
  input: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  pure: true,
  execute: async () => '7 degrees',
});

/** Milliseconds of CPU time a step, of all threads, from a cold cache. */
async function cpuOfStep(engine: Engine, wrong: boolean, maxTokens = 100): Promise<number> {
  await engine.clearCache();
  const rules = [() => [{ name: 'get_weather', input: { city: 'nowhere' } }]];
  const predictor = wrong ? new ToolPredictor({ rules }) : undefined;
  const agent = new Agent({
    engine,
    system: 'Answer briefly.',
    tools: [tool],
    temperature: 0,
    maxTokens,
    predictor,
  });
  const before = process.cpuUsage();
  const { steps, speculation } = await agent.run('What is the weather in Oslo?');
  const { user, system } = process.cpuUsage(before);
  if (wrong && speculation?.wastedCalls !== steps.length) throw new Error(`${speculation?.wastedCalls} misses`);
  return (user + system) / 1_000 / steps.length;
}
