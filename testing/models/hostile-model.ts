import { closeSync, openSync, readFileSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { ggufHeader, type Metadata, writeGguf } from './gguf/gguf-writer.js';
import { cachedModel, type ModelPlan, planModel, type RandomModelOptions, writeRandomModel } from './random-model.js';

/** Files that no loader should survive by luck: each is a valid small model, a qwen3 if it does not say otherwise, with one thing wrong. */
export const HOSTILE = [
  'empty',
  'text',
  'wrong-magic',
  'future-version',
  'truncated-header',
  'truncated-data',
  'garbage-header',
  'huge-string',
  'huge-array',
  'huge-tensor-count',
  'huge-shape',
  'offset-beyond-file',
  'zero-layers',
  'huge-layers',
  'huge-window',
  'huge-context',
  'zero-heads',
  'heads-not-dividing',
  'odd-recurrent-heads',
  'no-vocabulary',
  'no-merges',
  'duplicate-tokens',
  'missing-tensor',
  'wrong-shape',
  'wrong-metadata-type',
  'unknown-architecture',
  'unknown-tokenizer',
] as const;
export type HostileName = (typeof HOSTILE)[number];

export const hostileModel = (name: HostileName): string =>
  cachedModel(`hostile ${name} ${recipes[name]}`, (path) => writeHostileModel(path, name));

/** A small qwen3 that has these in its metadata. */
export const modelWith = (entries: Record<string, Metadata>): string =>
  cachedModel(
    `with ${JSON.stringify(entries)}`,
    changed((plan) => {
      for (const [key, value] of Object.entries(entries)) plan.metadata.set(key, value);
    }),
  );

export function writeHostileModel(path: string, name: HostileName): void {
  recipes[name](path);
}

/** Written with the metadata or tensors changed. */
const changed = (change: (plan: ModelPlan) => void, options?: RandomModelOptions) => (path: string) => {
  const plan = planModel(options);
  change(plan);
  writeGguf(path, plan.metadata, plan.tensors, plan.seed);
};

const metadata = (key: string, value: Metadata, options?: RandomModelOptions) =>
  changed((plan) => plan.metadata.set(key, value), options);
const without = (key: string) => changed((plan) => plan.metadata.delete(key));

/** Written whole, then bytes put over it. */
const patched = (at: number, bytes: Buffer) => (path: string) => {
  writeRandomModel(path);
  const file = openSync(path, 'r+');
  writeSync(file, bytes, 0, bytes.length, at);
  closeSync(file);
};

const u64 = (value: bigint): Buffer => {
  const out = Buffer.alloc(8);
  out.writeBigUInt64LE(value);
  return out;
};

const headerSize = (): number => {
  const plan = planModel();
  return ggufHeader(plan.metadata, plan.tensors).length;
};

/** Finds where a text lies in the header, to change what follows it. */
const after = (text: string, skip: number, bytes: Buffer) => (path: string) => {
  writeRandomModel(path);
  const at = readFileSync(path).indexOf(text);
  patched(at + text.length + skip, bytes)(path);
};

const recipes: Record<HostileName, (path: string) => void> = {
  empty: (path) => writeFileSync(path, ''),
  text: (path) => writeFileSync(path, 'This is not a model.\n'.repeat(100)),
  'wrong-magic': patched(0, Buffer.from('GGML')),
  'future-version': patched(4, Buffer.from([99, 0, 0, 0])),
  'truncated-header': (path) => {
    writeRandomModel(path);
    truncateSync(path, Math.floor(headerSize() / 2));
  },
  'truncated-data': (path) => {
    writeRandomModel(path);
    truncateSync(path, headerSize() + 1000);
  },
  'garbage-header': patched(24, Buffer.alloc(256, 0xa5)),
  'huge-string': after('general.architecture', 4, u64(1n << 60n)),
  'huge-array': after('tokenizer.ggml.tokens', 8, u64(1n << 60n)),
  'huge-tensor-count': patched(8, u64(1n << 60n)),
  'huge-shape': after('token_embd.weight', 4, Buffer.concat([u64(1n << 62n), u64(1n << 62n)])),
  'offset-beyond-file': after('output_norm.weight', 4 + 8 + 4, u64(1n << 40n)),
  'zero-layers': metadata('qwen3.block_count', { u32: 0 }),
  'huge-layers': metadata('qwen3.block_count', { u32: 0x7fffffff }),
  'huge-window': metadata('qwen3.attention.sliding_window', { u32: 0x80000000 }),
  'huge-context': metadata('qwen3.context_length', { u32: 0x80000000 }),
  'zero-heads': metadata('qwen3.attention.head_count', { u32: 0 }),
  'heads-not-dividing': metadata('qwen3.attention.head_count_kv', { u32: 3 }),
  'odd-recurrent-heads': metadata('rwkv7.wkv.head_size', { u32: 32 }, { architecture: 'rwkv7' }),
  'no-vocabulary': without('tokenizer.ggml.tokens'),
  'no-merges': without('tokenizer.ggml.merges'),
  'duplicate-tokens': changed(({ metadata }) => {
    const { texts } = metadata.get('tokenizer.ggml.tokens') as { texts: string[] };
    texts[1] = texts[0] as string;
  }),
  'missing-tensor': changed((plan) => {
    plan.tensors = plan.tensors.filter(({ name }) => name !== 'blk.1.attn_k.weight');
  }),
  'wrong-shape': changed((plan) => {
    for (const tensor of plan.tensors) if (tensor.name === 'blk.0.ffn_up.weight') tensor.shape.reverse();
  }),
  'wrong-metadata-type': metadata('qwen3.embedding_length', { text: 'many' }),
  'unknown-architecture': metadata('general.architecture', { text: 'not-an-architecture' }),
  'unknown-tokenizer': metadata('tokenizer.ggml.model', { text: 'not-a-tokenizer' }),
};
