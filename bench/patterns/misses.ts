import { Agent, defineTool, Engine, ToolPredictor } from '../../src/index.js';
import { median, medianError, quantile } from '../../testing/statistics.js';
import { modelPath } from '../models.js';
import type { Report } from '../report.js';

const ROUNDS = 400;
/** Rounds before them: what is compiled meanwhile. */
const WARM = 50;

/** No predictor; one that learns and foretells nothing; one that foretells a call that never comes. */
const KINDS = ['plain', 'silent', 'wrong'] as const;
type Kind = (typeof KINDS)[number];

/** What a wrong guess costs: CPU time of runs in which a call is foretold that never comes, beside runs whose predictor is silent or which have none. */
export async function benchMisses(threads: number): Promise<Pick<Report, 'findings' | 'tables'>> {
  await using engine = await Engine.load(threads > 0 ? { threads } : {});
  const rounds: Record<Kind, number>[] = [];
  for (let round = 0; round < ROUNDS + WARM; round++) {
    const costs = { plain: 0, silent: 0, wrong: 0 };
    const first = round % KINDS.length;
    for (const kind of [...KINDS.slice(first), ...KINDS.slice(0, first)]) costs[kind] = await cpuOfStep(engine, kind);
    if (round >= WARM) rounds.push(costs);
  }
  const step = median(rounds.map(({ plain }) => plain));
  const larger = await stepOfLarger(threads);
  const percent = (ms: number, of: number) => `${((100 * ms) / of).toFixed(2)}%`;
  const guess = spreadOf(rounds.map(({ wrong, silent }) => wrong - silent));
  const learning = spreadOf(rounds.map(({ silent, plain }) => silent - plain));
  const row = (what: string, { low, middle, high, error }: Spread) => [what, middle, error, low, high];
  return {
    findings: [
      `a call foretold that never comes costs ${guess.middle.toFixed(2)} ms of CPU time, give or take ${guess.error.toFixed(2)}: ${percent(guess.middle, step)} of a step of ` +
        `the embedded model (4M parameters), ${percent(guess.middle, larger)} of one of the 25M shape (target: under 2% of a step); ` +
        `that the predictor learns costs ${learning.middle.toFixed(2)} more, give or take ${learning.error.toFixed(2)}`,
    ],
    tables: [
      {
        title: `a miss: ${ROUNDS} rounds of runs by turns, differences of CPU ms a step (${step.toFixed(2)} on the embedded model, ${larger.toFixed(0)} at 25M)`,
        columns: ['what', 'difference, median ms', 'standard error', 'lower quartile', 'upper quartile'],
        rows: [
          row('a call foretold that never comes, beside a predictor that foretells nothing', guess),
          row('a predictor that learns and foretells nothing, beside none', learning),
        ],
      },
    ],
  };
}

interface Spread {
  low: number;
  middle: number;
  high: number;
  /** Of the median. */
  error: number;
}

function spreadOf(differences: number[]): Spread {
  const [low = 0, middle = 0, high = 0] = [0.25, 0.5, 0.75].map((share) => quantile(differences, share));
  return { low, middle, high, error: medianError(differences) };
}

/** CPU milliseconds of a step of a larger model, of as many tokens: a miss costs the same there, and drowns in what a step varies by. */
async function stepOfLarger(threads: number): Promise<number> {
  const options = { model: modelPath('25m'), kvTokens: 4_096, maxContext: 4_096 };
  await using engine = await Engine.load({ ...options, ...(threads > 0 && { threads }) });
  const steps: number[] = [];
  for (let run = 0; run < 10; run++) steps.push(await cpuOfStep(engine, 'plain', 20));
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
async function cpuOfStep(engine: Engine, kind: Kind, maxTokens = 100): Promise<number> {
  await engine.clearCache();
  const rules = kind === 'wrong' ? [() => [{ name: 'get_weather', input: { city: 'nowhere' } }]] : [];
  const predictor = kind === 'plain' ? undefined : new ToolPredictor({ rules });
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
  if (kind === 'wrong' && speculation?.wastedCalls !== steps.length)
    throw new Error(`${speculation?.wastedCalls} misses`);
  return (user + system) / 1_000 / steps.length;
}
