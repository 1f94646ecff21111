import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { randomModel, SHAPE_06B } from '../testing/models/random-model.js';
import { nativeTables } from './native-tables.js';
import type { BenchOptions, Report } from './report.js';

const build = fileURLToPath(new URL('../native/.build/cpu', import.meta.url));

/** Steps of the model alone, ours against stock llama.cpp, in a C++ program: no JavaScript is in the way there. */
export async function benchSteps({ runs }: BenchOptions): Promise<Report> {
  // The tree of `npm install` knows no tests and benchmarks yet.
  for (const args of [
    ['-DENGINE_TESTS=ON', build],
    ['--build', build, '--target', 'step-bench'],
  ])
    execFileSync('cmake', args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const threads = cpus().length > 1 ? '1,2' : '1';
  const output = execFileSync(
    `${build}/step-bench`,
    [randomModel(SHAPE_06B), '--threads', threads, '--repeats', String(runs)],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const [table] = nativeTables('milliseconds a step', output);
  if (!table) throw new Error(`step-bench printed no table:\n${output}`);
  return {
    findings: table.rows.map(
      ([threads, shape, shared, fresh, , unified, streams]) =>
        `${shape}, ${shared} shared, ${fresh} new, ${threads} threads: ${unified} over unified, ${streams} over streams`,
    ),
    tables: [table],
    setup: { model: 'random qwen3 of 0.6B shape, Q8_0, vocabulary 4,096', repetitions: `${runs}, by turns, medians` },
  };
}
