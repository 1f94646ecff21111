import { Engine, type EngineOptions } from '../../src/index.js';
import { median, spread } from '../../testing/statistics.js';
import { describe, modelPath } from '../models.js';
import { type BenchOptions, type Report, setup } from '../report.js';
import { benchDoctor } from './doctor.js';
import { benchMisses } from './misses.js';
import { SHAPES } from './shapes.js';
import { benchTiers } from './tiers.js';
import { benchTools } from './tools.js';

interface Cost {
  wallMs: number;
  cpuMs: number;
  computed: number;
  output: number;
}

/** The agent layer's patterns on our engine, and the same calls one at a time without reuse. */
export async function benchPatterns(given: BenchOptions): Promise<Report> {
  const { runs, threads } = given;
  const tools = await benchTools(given);
  const misses = await benchMisses(threads);
  const tiers = await benchTiers(threads);
  const doctor = await benchDoctor(threads);
  const options: EngineOptions = {
    model: modelPath('25m'),
    kvTokens: 16_384,
    maxRunning: 32,
    maxContext: 8192,
    ...(threads > 0 && { threads }),
  };
  const systems = [
    { name: 'banyan', engine: await Engine.load(options), costs: SHAPES.map(() => [] as Cost[]) },
    {
      name: 'one at a time, no reuse',
      engine: await Engine.load({ ...options, prefixCache: false, batching: false }),
      costs: SHAPES.map(() => [] as Cost[]),
    },
  ];
  for (const [index, shape] of SHAPES.entries())
    for (let run = 0; run < runs; run++)
      for (const { engine, costs } of run % 2 === 0 ? systems : [...systems].reverse()) {
        costs[index]?.push(await costOf(engine, shape.run));
        console.error(`${shape.name}, run ${run + 1} of ${runs}`);
      }
  for (const { engine } of systems) await engine.close();
  const [ours, naive] = systems as [(typeof systems)[0], (typeof systems)[0]];
  const ratio = (index: number, pick: (cost: Cost) => number) =>
    (median((naive.costs[index] as Cost[]).map(pick)) / median((ours.costs[index] as Cost[]).map(pick))).toFixed(1);
  return {
    findings: [
      ...tools.findings,
      ...misses.findings,
      ...tiers.findings,
      ...doctor.findings,
      ...SHAPES.map(
        ({ name }, index) =>
          `${name}: ${ratio(index, ({ wallMs }) => wallMs)}x sooner, ${ratio(index, ({ cpuMs }) => cpuMs)}x less CPU time, ` +
          `${ratio(index, ({ computed }) => computed)}x fewer prompt tokens computed`,
      ),
    ],
    tables: [
      ...tools.tables,
      ...misses.tables,
      ...tiers.tables,
      ...doctor.tables,
      ...SHAPES.map(({ name }, index) => ({
        title: name,
        columns: ['system', 'wall s', 'spread %', 'CPU s', 'prompt tokens computed', 'output tokens'],
        rows: systems.map((system) => {
          const costs = system.costs[index] as Cost[];
          const wall = costs.map(({ wallMs }) => wallMs / 1000);
          const middle = (pick: (cost: Cost) => number) => median(costs.map(pick));
          return [
            ...[system.name, median(wall), spread(wall), middle(({ cpuMs }) => cpuMs / 1000)],
            ...[middle(({ computed }) => computed), middle(({ output }) => output)],
          ];
        }),
      })),
    ],
    setup: setup(describe('25m'), threads, runs),
  };
}

/** From a cold cache. */
async function costOf(engine: Engine, run: (engine: Engine) => Promise<unknown>): Promise<Cost> {
  await engine.clearCache();
  const before = await engine.stats();
  const [started, cpu] = [performance.now(), process.cpuUsage()];
  await run(engine);
  const { user, system } = process.cpuUsage(cpu);
  const wallMs = performance.now() - started;
  const after = await engine.stats();
  return {
    wallMs,
    cpuMs: (user + system) / 1000,
    computed: after.prefillTokens - before.prefillTokens,
    output: after.decodeTokens - before.decodeTokens,
  };
}
