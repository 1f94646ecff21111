import { Engine, type EngineOptions } from '../../src/index.js';
import { median, spread } from '../../testing/statistics.js';
import type { Report } from '../report.js';
import type { Shape } from './shapes.js';

interface Cost {
  wallMs: number;
  cpuMs: number;
  computed: number;
  output: number;
}

const COLUMNS = ['system', 'wall s', 'spread %', 'CPU s', 'prompt tokens computed', 'output tokens'];

/** Agents, branches and workflows on our engine, and the same calls one at a time without reuse. */
export async function measureShapes(
  model: string,
  shapes: readonly Shape[],
  { runs, threads }: { runs: number; threads: number },
): Promise<Pick<Report, 'findings' | 'tables'>> {
  const options: EngineOptions = {
    model,
    kvTokens: 16_384,
    maxRunning: 32,
    maxContext: 8192,
    ...(threads > 0 && { threads }),
  };
  const systems = [
    { name: 'banyan', engine: await Engine.load(options), costs: shapes.map(() => [] as Cost[]) },
    {
      name: 'one at a time, no reuse',
      engine: await Engine.load({ ...options, prefixCache: false, batching: false }),
      costs: shapes.map(() => [] as Cost[]),
    },
  ] as const;
  for (const [index, shape] of shapes.entries())
    for (let run = 0; run < runs; run++)
      for (const { engine, costs } of run % 2 === 0 ? systems : [...systems].reverse()) {
        costs[index]?.push(await costOf(engine, shape.run));
        console.error(`${shape.name}, run ${run + 1} of ${runs}`);
      }
  for (const { engine } of systems) await engine.close();
  const [ours, naive] = systems;
  const ratio = (index: number, pick: (cost: Cost) => number) =>
    (median((naive.costs[index] as Cost[]).map(pick)) / median((ours.costs[index] as Cost[]).map(pick))).toFixed(1);
  return {
    findings: shapes.map(
      ({ name }, index) =>
        `${name}: ${ratio(index, ({ wallMs }) => wallMs)}x sooner, ${ratio(index, ({ cpuMs }) => cpuMs)}x less CPU time, ` +
        `${ratio(index, ({ computed }) => computed)}x fewer prompt tokens computed`,
    ),
    tables: shapes.map(({ name }, index) => ({
      title: name,
      columns: COLUMNS,
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
