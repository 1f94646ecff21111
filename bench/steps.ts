import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { randomModel, SHAPE_06B } from '../test/support/random-model.js';
import type { Report } from './report.js';

const program = fileURLToPath(new URL('../native/.build/cpu/bench/native/step-bench', import.meta.url));

/** Steps of the model alone, ours against stock llama.cpp: a C++ program, as no JavaScript is in the way there. */
export async function benchSteps(runs: number): Promise<Report> {
  if (!existsSync(program)) throw new Error(`${program} is not built: npm run build:native -- --bench`);
  const model = randomModel(SHAPE_06B);
  const output = execFileSync(program, ['--model', model, '--runs', String(runs)], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return JSON.parse(output) as Report;
}
