import type { BenchOptions, Report } from '../report.js';
import { median, spread } from '../statistics.js';
import { BanyanSystem } from '../systems/banyan-system.js';
import { type FleetCost, runAgents, tokens } from './agents.js';
import { CI_MODEL, ciModel, scaled } from './model.js';

const REQUESTS = 48;

/** W0: single shots that share nothing. What the prefix cache costs where it cannot help. */
export async function benchControl({ runs, threads }: BenchOptions): Promise<Report> {
  const model = ciModel();
  const on = await BanyanSystem.open('cache on', model, { threads });
  const off = await BanyanSystem.open('cache off', model, { threads, prefixCache: false });
  const costs: Record<string, FleetCost[]> = { 'cache on': [], 'cache off': [] };
  for (let run = 0; run < runs; run++) {
    const shots = Array.from({ length: REQUESTS }, (_, i) => ({
      instructions: tokens(`control ${run}/${i}`, scaled(1024)),
      steps: [{ appended: [], outputTokens: scaled(128), toolMs: 0 }],
    }));
    for (const system of run % 2 === 0 ? [on, off] : [off, on]) {
      costs[system.name]?.push(await runAgents(system, shots));
    }
  }
  await on.close();
  await off.close();
  // Same work in each pair: the ratio of times is that of throughputs.
  const share = (pick: (cost: FleetCost) => number) => {
    const [cached = [], without = []] = Object.values(costs).map((list) => list.map(pick));
    return (100 * median(without.map((time, run) => time / (cached[run] as number)))).toFixed(1);
  };
  return {
    findings: [
      `zero reuse: ${share(({ wallMs }) => wallMs)}% of the throughput without the cache by the clock, ` +
        `${share(({ cpuMs }) => cpuMs)}% by CPU time (target 98%)`,
    ],
    tables: [
      {
        title: `${REQUESTS} single shots of ${scaled(1024)} + ${scaled(128)} tokens`,
        columns: ['system', 'wall s', 'spread %', 'CPU s', 'spread %'],
        rows: Object.entries(costs).map(([name, list]) => {
          const wall = list.map(({ wallMs }) => wallMs / 1000);
          const cpu = list.map(({ cpuMs }) => cpuMs / 1000);
          return [name, median(wall), spread(wall), median(cpu), spread(cpu)];
        }),
      },
    ],
    setup: {
      model: CI_MODEL,
      threads: threads || 'all physical cores',
      repetitions: `${runs}, by turns; the ratio is the median of pairs`,
    },
  };
}
