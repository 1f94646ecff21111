import { availableParallelism, freemem, totalmem } from 'node:os';
import type { EngineOptions } from '../engine/load-options.js';
import { loadBinding } from '../native/binding.js';
import { loadWithProgress } from './load-model.js';

const GIB = 2 ** 30;

/** What runs here, and what a model would be run with. */
export async function info(options: { engine: EngineOptions; json: boolean }): Promise<void> {
  const { backend, version, llamaVersion } = loadBinding();
  const machine = {
    ...{ banyan: version, llama: llamaVersion, backend, node: process.version, cores: availableParallelism() },
    memory: `${(freemem() / GIB).toFixed(1)} of ${(totalmem() / GIB).toFixed(1)} GiB free`,
  };
  const engine = await loadWithProgress(options.engine);
  const model = engine.info;
  await engine.close();
  if (options.json) process.stdout.write(`${JSON.stringify({ machine, model }, undefined, 2)}\n`);
  else process.stdout.write(`${facts('machine', machine)}\n\n${facts('model', model)}\n`);
}

function facts(title: string, record: object): string {
  const lines = Object.entries(record).map(([key, value]) => `  ${key.padEnd(18)} ${value === '' ? '-' : value}`);
  return [title, ...lines].join('\n');
}
