import {
  closeSync,
  copyFileSync,
  fstatSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { TestEngine } from '../../testing/engine/test-engine.js';
import { ggufHeader, type Metadata, writeGguf } from '../../testing/models/gguf/gguf-writer.js';
import { planModel, randomModel } from '../../testing/models/random-model.js';

const folder = mkdtempSync(join(tmpdir(), 'banyan-digest-'));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
const newPath = () => join(folder, `${files++}.gguf`);

async function digestOf(path: string): Promise<string> {
  await using engine = await TestEngine.open(path, { kvTokens: 64 });
  return engine.native.info.digest;
}

const OPTIONS = { layers: 1, embedding: 64, heads: 2, kvHeads: 1 } as const;
const original = randomModel(OPTIONS);

/** A copy with one byte of the data of a tensor changed. */
function flipped(at: (begin: number, size: number) => number): string {
  const path = newPath();
  copyFileSync(original, path);
  const { metadata, tensors } = planModel(OPTIONS);
  const begin = ggufHeader(metadata, tensors).length;
  const file = openSync(path, 'r+');
  const place = at(begin, fstatSync(file).size);
  const byte = readFileSync(path)[place] ?? 0;
  writeSync(file, Uint8Array.of(byte ^ 1), 0, 1, place);
  closeSync(file);
  return path;
}

function rewritten(change: (plan: ReturnType<typeof planModel>) => void): string {
  const plan = planModel(OPTIONS);
  change(plan);
  const path = newPath();
  writeGguf(path, plan.metadata, plan.tensors, plan.seed);
  return path;
}

test('the same weights have one digest, wherever they lie and whatever they are called', async () => {
  const digest = await digestOf(original);
  expect(digest).toMatch(/^[0-9a-f]{64}$/);
  const elsewhere = newPath();
  copyFileSync(original, elsewhere);
  expect(await digestOf(elsewhere)).toBe(digest);
  expect(await digestOf(rewritten(({ metadata }) => metadata.set('general.name', { text: 'random other' })))).toBe(
    digest,
  );
});

test.each<[string, () => string]>([
  ['a byte of the first tensor', () => flipped((begin) => begin)],
  ['a byte of the last tensor', () => flipped((_begin, size) => size - 64)],
  ['the seed of all weights', () => randomModel({ ...OPTIONS, seed: 2 })],
  ['another type of the same values', () => randomModel({ ...OPTIONS, type: 'Q8_0' })],
  [
    'a number in the metadata',
    () => rewritten(({ metadata }) => metadata.set('qwen3.rope.freq_base', { f32: 20_000 })),
  ],
  ['a key in the metadata', () => rewritten(({ metadata }) => metadata.set('general.finetune', { text: 'chat' }))],
  ['the chat template', () => randomModel({ ...OPTIONS, chatTemplate: '{{ messages[0].content }}' })],
  ['bytes at the end of the file', () => { const path = newPath(); writeFileSync(path, Buffer.concat([readFileSync(original), Buffer.alloc(32)])); return path; }], // biome-ignore format: short
])('%s makes other weights of it', async (_what, other) => {
  expect(await digestOf(other())).not.toBe(await digestOf(original));
});

test('a model of two files is known by both', async () => {
  const split = (change: boolean) => {
    const place = mkdtempSync(join(folder, 'split-'));
    const { metadata, tensors, seed } = planModel(OPTIONS);
    const half = tensors.length >> 1;
    const parts = [tensors.slice(0, half), tensors.slice(half)].map((part, index) => {
      const own = new Map<string, Metadata>(index === 0 ? metadata : [['general.architecture', { text: 'qwen3' }]]);
      own.set('split.no', { u16: index });
      own.set('split.count', { u16: 2 });
      own.set('split.tensors.count', { i32: tensors.length });
      const path = join(place, `model-0000${index + 1}-of-00002.gguf`);
      writeGguf(path, own, part, change && index === 1 ? seed + 1 : seed);
      return path;
    });
    return parts[0] as string;
  };
  const digest = await digestOf(split(false));
  expect(await digestOf(split(false))).toBe(digest);
  expect(await digestOf(split(true))).not.toBe(digest);
});
