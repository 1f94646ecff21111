import { cpus } from 'node:os';
import { randomModel, SHAPE_06B } from '../testing/models/random-model.js';
import { measureExact } from './exact.js';
import { printedTable } from './native-program.js';
import type { BenchOptions, Report } from './report.js';

/**
 * Steps of the model alone, ours against stock llama.cpp, in a C++ program: no JavaScript is in the way there. And what
 * `exact` costs, on engines.
 */
export async function benchSteps({ runs, threads: asked }: BenchOptions): Promise<Report> {
  const threads = cpus().length > 1 ? '1,2' : '1';
  const table = printedTable('milliseconds a step', 'step-bench', [
    randomModel(SHAPE_06B),
    '--threads',
    threads,
    '--repeats',
    String(runs),
  ]);
  const exact = await measureExact(runs, asked);
  return {
    findings: [
      ...table.rows.map(
        ([threads, shape, shared, fresh, , unified, streams]) =>
          `${shape}, ${shared} shared, ${fresh} new, ${threads} threads: ${unified} over unified, ${streams} over streams`,
      ),
      ...exact.findings,
    ],
    tables: [table, ...exact.tables],
    setup: { model: 'random qwen3 of 0.6B shape, Q8_0, vocabulary 4,096', repetitions: `${runs}, by turns, medians` },
  };
}
