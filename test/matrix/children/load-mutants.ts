/** Loads mutants of a small model, one after another: argv[2] = how many. Prints each before it is tried. */
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomPrompt } from '../../../testing/engine/prompts.js';
import { TestEngine } from '../../../testing/engine/test-engine.js';
import { ggufHeader, type Metadata, writeGguf } from '../../../testing/models/gguf/gguf-writer.js';
import { RandomStream } from '../../../testing/models/gguf/random-stream.js';
import { ARCHITECTURES, planModel } from '../../../testing/models/random-model.js';

const NUMBERS = [0, 1, 2, 3, 7, 1000, 0x7fffffff, 0x80000000, 0xffffffff];
const path = join(tmpdir(), `banyan-mutant-${process.pid}.gguf`);
let refused = 0;
let loaded = 0;

for (let seed = 0; seed < Number(process.argv[2]); seed++) {
  console.log(mutate(seed));
  const engine = await TestEngine.open(path, { kvTokens: 512 }).catch(requireCode);
  if (engine) {
    loaded++;
    await (async () => engine.run(randomPrompt(seed, 20), { maxTokens: 3 }))().catch(requireCode);
    await engine.close();
  } else refused++;
}
rmSync(path);
console.log(JSON.stringify({ refused, loaded }));

function requireCode(error: unknown): undefined {
  if (typeof (error as { code?: unknown }).code !== 'string') throw error;
}

/** One hyperparameter forged, or one to eight header bytes flipped. Returns what was done. */
function mutate(seed: number): string {
  const random = new RandomStream(`mutant ${seed}`);
  const architecture = ARCHITECTURES[random.below(ARCHITECTURES.length)] as (typeof ARCHITECTURES)[number];
  const plan = planModel({ architecture });
  const keys = [...plan.metadata.keys()].filter((key) => 'u32' in (plan.metadata.get(key) as Metadata));
  if (seed % 2 === 0) {
    const key = keys[random.below(keys.length)] as string;
    const u32 = NUMBERS[random.below(NUMBERS.length)] as number;
    plan.metadata.set(key, { u32 });
    writeGguf(path, plan.metadata, plan.tensors, plan.seed);
    return `${seed}: ${architecture} ${key} = ${u32}`;
  }
  writeGguf(path, plan.metadata, plan.tensors, plan.seed);
  const size = ggufHeader(plan.metadata, plan.tensors).length;
  const file = openSync(path, 'r+');
  const flips = Array.from({ length: 1 + random.below(8) }, () => [random.below(size), random.below(256)] as const);
  for (const [at, value] of flips) writeSync(file, Buffer.from([value]), 0, 1, at);
  closeSync(file);
  return `${seed}: ${architecture} bytes ${flips.map(([at, value]) => `${at}=${value}`).join(' ')}`;
}
