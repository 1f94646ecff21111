import { runFleet } from '../examples/fleet/fleet.js';
import { Engine, type EngineOptions } from '../src/index.js';
import { median, spread } from '../testing/statistics.js';
import type { BenchOptions, Report } from './report.js';

const AGENTS = 8;
const OPTIONS = { agents: AGENTS, maxTokens: 128, forceTools: 0, onEvent: () => {} };

interface Cost {
  wallMs: number;
  cpuMs: number;
  promptTokens: number;
  cachedTokens: number;
}

/** What `npm start` does, by turns: the fleet on the embedded model, and the same work without cache and batching. */
export async function benchDemo({ runs, threads }: BenchOptions): Promise<Report> {
  const systems: Record<string, EngineOptions> = {
    banyan: {},
    'no cache, no batching': { prefixCache: false, batching: false },
  };
  const costs = Object.keys(systems).map((name) => ({ name, list: [] as Cost[] }));
  for (let run = 0; run < runs; run++)
    for (const { name, list } of run % 2 === 0 ? costs : [...costs].reverse()) {
      list.push(await fleetCost({ ...systems[name], ...(threads > 0 && { threads }) }));
    }
  const [ours, baseline] = costs.map(({ list }) => list) as [Cost[], Cost[]];
  const computed = ({ promptTokens, cachedTokens }: Cost) => promptTokens - cachedTokens;
  const ratio = (pick: (cost: Cost) => number) => (median(baseline.map(pick)) / median(ours.map(pick))).toFixed(1);
  return {
    findings: [
      `${AGENTS} agents on the embedded model: ${ratio(computed)}x fewer prompt tokens computed, ` +
        `${ratio(({ wallMs }) => wallMs)}x faster, ${ratio(({ cpuMs }) => cpuMs)}x less CPU time`,
    ],
    tables: [
      {
        title: `${AGENTS} agents with tools`,
        columns: ['system', 'wall s', 'spread %', 'CPU s', 'prompt tokens', 'cached', 'computed'],
        rows: costs.map(({ name, list }) => {
          const wall = list.map(({ wallMs }) => wallMs / 1000);
          const middle = (pick: (cost: Cost) => number) => median(list.map(pick));
          return [
            ...[name, median(wall), spread(wall), middle(({ cpuMs }) => cpuMs / 1000)],
            ...[
              middle(({ promptTokens }) => promptTokens),
              middle(({ cachedTokens }) => cachedTokens),
              middle(computed),
            ],
          ];
        }),
      },
    ],
    setup: {
      model: "the package's own, models/banyan-tiny.gguf",
      threads: threads || 'the default of that model: 1',
      repetitions: `${runs}, by turns, medians`,
    },
  };
}

/** A fleet on an engine of its own, as a program starts: nothing is cached yet. */
async function fleetCost(options: EngineOptions): Promise<Cost> {
  await using engine = await Engine.load(options);
  const cpu = process.cpuUsage();
  const { wallMs, agents } = await runFleet(engine, OPTIONS);
  const { user, system } = process.cpuUsage(cpu);
  const sum = (pick: 'promptTokens' | 'cachedTokens') =>
    agents.reduce((total, { result }) => total + (result.usage[pick] ?? 0), 0);
  return {
    wallMs,
    cpuMs: (user + system) / 1000,
    promptTokens: sum('promptTokens'),
    cachedTokens: sum('cachedTokens'),
  };
}
