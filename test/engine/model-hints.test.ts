import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Engine } from '../../src/engine/engine.js';
import { errorOf } from '../support/expect-code.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'banyan-model-hints-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const load = (model: string) => errorOf(() => Engine.load({ model }));

/** Eight bytes length, then JSON. */
const safetensors = () => {
  const header = Buffer.from('{"__metadata__":{"format":"pt"}}');
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, Buffer.alloc(600)]);
};

test.each<[string, string | Buffer, RegExp]>([
  ['nothing', '', /is empty: its download was cut off\?/],
  ['LFS', 'version https://git-lfs.github.com/spec/v1\noid sha256:4d\nsize 1\n', /Git LFS pointer.*run `git lfs pull`/],
  ['page', `<!doctype html><html class="">${' '.repeat(600)}`, /is a web page.*\/resolve\/, not \/blob\//],
  ['old page', '\n<HTML><head><title>404</title>', /is a web page/],
  ['tensors', safetensors(), /is a safetensors file: take a GGUF.*convert_hf_to_gguf\.py/],
  ['zip', Buffer.concat([Buffer.from('PK\x03\x04'), Buffer.alloc(600)]), /is a ZIP archive.*unpack it/],
  ['gz', Buffer.concat([Buffer.from([0x1f, 0x8b, 8]), Buffer.alloc(600)]), /is compressed: run gunzip/],
  ['old', Buffer.concat([Buffer.from('tjgg'), Buffer.alloc(600)]), /is of the format before GGUF/],
  ['json', '{"architectures": ["Qwen3ForCausalLM"]}', /is JSON, not a model/],
  ['refusal', 'Access to model meta-llama/x is restricted.', /is a short text, not a model: its download failed/],
])('a file that is no GGUF says what it is: %s', async (name, content, message) => {
  const file = join(folder, `${name}.gguf`);
  writeFileSync(file, content);
  const error = await load(file);
  expect(error).toMatchObject({ code: 'MODEL_INVALID', field: 'model' });
  expect(error.message).toMatch(message);
  expect(error.message).toContain(file);
});

test('random bytes are left to the reader of GGUFs', async () => {
  const file = join(folder, 'noise.gguf');
  writeFileSync(file, Buffer.from(Array.from({ length: 4_096 }, (_, index) => (index * 73 + 129) % 256)));
  expect(await load(file)).toMatchObject({ code: 'MODEL_INVALID' });
});

test('a folder names the model in it', async () => {
  const models = join(folder, 'models');
  mkdirSync(models);
  expect((await load(models)).message).toMatch(/is a folder without a \.gguf in it/);
  writeFileSync(join(models, 'model-00001-of-00002.safetensors'), '');
  expect((await load(models)).message).toMatch(/is a folder of safetensors: take a GGUF/);
  writeFileSync(join(models, 'mmproj-b.gguf'), '');
  writeFileSync(join(models, 'qwen.gguf'), '');
  const error = await load(models);
  expect(error).toMatchObject({ code: 'MODEL_NOT_FOUND', field: 'model' });
  expect(error.message).toContain(`pass the file, ${join(models, 'qwen.gguf')} or one of 1 others`);
});

test('other ways to write a model name the one that is read', async () => {
  writeFileSync(join(folder, 'named.gguf'), 'GGUF');
  const cases: [string, string][] = [
    ['~/models/x.gguf', `only a shell reads "~": pass ${join(homedir(), 'models/x.gguf')}`],
    [pathToFileURL(join(folder, 'x y.gguf')).href, `pass the path ${join(folder, 'x y.gguf')}`],
    ['file:%', 'pass the path itself'],
    ['Qwen/Qwen3-4B-GGUF:Q4_K_M', 'is written hf:Qwen/Qwen3-4B-GGUF:Q4_K_M'],
    ['llama3.2', "Ollama's names are not known here"],
    ['qwen3:4b', "Ollama's names are not known here"],
    [join(folder, 'named'), `pass ${join(folder, 'named.gguf')}`],
    ['./nowhere.gguf', 'pass the path of a GGUF, hf:user/repo:quant or an https URL'],
    ['nowhere.gguf', 'pass the path of a GGUF, hf:user/repo:quant or an https URL'],
    ['', '"" names no file'],
  ];
  for (const [model, hint] of cases) {
    const error = await load(model);
    expect(error, model).toMatchObject({ code: 'MODEL_NOT_FOUND', field: 'model' });
    expect(error.message, model).toContain(hint);
  }
  expect((await load('x'.repeat(100_000))).message.length).toBeLessThan(4_000);
});
