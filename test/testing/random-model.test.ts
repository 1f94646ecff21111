import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { readGgufFileInfo } from 'node-llama-cpp';
import { afterAll, expect, test } from 'vitest';
import { byteVocabulary } from '../../testing/models/gguf/byte-bpe.js';
import { ARCHITECTURES, randomModel, writeRandomModel } from '../../testing/models/random-model.js';

const scratch = join(tmpdir(), `banyan-random-model-test-${process.pid}.gguf`);
afterAll(() => rmSync(scratch, { force: true }));

const digest = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');

test.each(ARCHITECTURES)(
  'a foreign reader accepts %s, and the file ends where its tensors do',
  async (architecture) => {
    const path = randomModel({ architecture });
    const info = await readGgufFileInfo(path, { logWarnings: false });
    expect(info.metadata.general.architecture).toBe(architecture);
    expect(info.fullTensorInfo?.length).toBe(info.tensorCount);
    const last = info.fullTensorInfo?.at(-1);
    expect(Number(last?.fileOffset)).toBeLessThan(readFileSync(path).length);
  },
);

test('the same options give the same bytes, another seed other weights under the same header', () => {
  writeRandomModel(scratch, { seed: 7 });
  const first = digest(scratch);
  writeRandomModel(scratch, { seed: 7 });
  expect(digest(scratch)).toBe(first);
  writeRandomModel(scratch, { seed: 8 });
  expect(digest(scratch)).not.toBe(first);
});

test('a cached model is written once and leaves nothing half-written behind', () => {
  const path = randomModel({ seed: 99 });
  expect(randomModel({ seed: 99 })).toBe(path);
  writeRandomModel(scratch, { seed: 99 });
  expect(digest(path)).toBe(digest(scratch));
  expect(readdirSync(dirname(path)).filter((name) => name.startsWith(`${basename(path)}.`))).toEqual([]);
});

test('the vocabulary has every byte, unique tokens and merges whose parts and result are tokens', () => {
  const { tokens, merges, ids } = byteVocabulary(300, 800);
  expect(tokens).toHaveLength(800);
  expect(ids.size).toBe(800);
  expect(merges).toHaveLength(300);
  for (const merge of merges) {
    const [left, right] = merge.split(' ') as [string, string];
    expect(ids.has(left) && ids.has(right) && ids.has(left + right)).toBe(true);
  }
});

test('a vocabulary smaller than its own tokens is refused', () => {
  expect(() => byteVocabulary(300, 100)).toThrow(/too small/);
});
