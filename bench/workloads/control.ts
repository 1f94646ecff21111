import type { BenchOptions, Report } from '../report.js';
import { median, spread } from '../statistics.js';
import { BanyanSystem } from '../systems/banyan-system.js';
import { runAgents, tokens } from './agents.js';
import { CI_MODEL, ciModel, scaled } from './model.js';

const REQUESTS = 96;

/** W0: single shots that share nothing. What the prefix cache costs where it cannot help. */
export async function benchControl({ runs, threads }: BenchOptions): Promise<Report> {
  const model = ciModel();
  const on = await BanyanSystem.open('cache on', model, { threads });
  const off = await BanyanSystem.open('cache off', model, { threads, prefixCache: false });
  const throughput: Record<string, number[]> = { 'cache on': [], 'cache off': [] };
  for (let run = 0; run < runs; run++) {
    const shots = Array.from({ length: REQUESTS }, (_, i) => ({
      instructions: tokens(`control ${run}/${i}`, scaled(1024)),
      steps: [{ appended: [], outputTokens: scaled(128), toolMs: 0 }],
    }));
    for (const system of run % 2 === 0 ? [on, off] : [off, on]) {
      const cost = await runAgents(system, shots);
      throughput[system.name]?.push(((cost.promptTokens + cost.outputTokens) * 1000) / cost.wallMs);
    }
  }
  await on.close();
  await off.close();
  const pairs = (throughput['cache on'] ?? []).map((value, run) => value / (throughput['cache off']?.[run] as number));
  return {
    findings: [`zero reuse: ${(100 * median(pairs)).toFixed(1)}% of the throughput without the cache (target 98%)`],
    tables: [
      {
        title: `${REQUESTS} single shots of ${scaled(1024)} + ${scaled(128)} tokens`,
        columns: ['system', 'tokens/s (median)', 'spread %'],
        rows: Object.entries(throughput).map(([name, list]) => [name, median(list), spread(list)]),
      },
    ],
    setup: {
      model: CI_MODEL,
      threads: threads || 'all physical cores',
      repetitions: `${runs}, by turns; the ratio is the median of pairs`,
    },
  };
}
