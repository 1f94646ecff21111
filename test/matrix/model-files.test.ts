import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadBinding } from '../../src/native/binding.js';
import { CHAT_DEFAULTS } from '../../testing/engine/chat-input.js';
import { randomPrompt } from '../../testing/engine/prompts.js';
import { engineOptions, TestEngine } from '../../testing/engine/test-engine.js';
import { HOSTILE, hostileModel, modelWith } from '../../testing/models/hostile-model.js';
import { randomModel } from '../../testing/models/random-model.js';
import { errorOf } from '../support/expect-code.js';
import { runChild } from '../support/run-child.js';

// A good engine runs throughout: whatever a bad file does, it must not touch the one that works.

let good: TestEngine;
let expected: number[];
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'banyan-model-files-'));
  good = await TestEngine.open();
  expected = (await good.run(randomPrompt('good', 40))).tokens;
});

afterAll(async () => {
  await good.close();
  rmSync(folder, { recursive: true });
});

async function expectRefused(path: string, ...codes: string[]): Promise<void> {
  const running = good.run(randomPrompt('good', 40));
  const error = await errorOf(() => TestEngine.open(path));
  expect(codes, error.message).toContain(error.code);
  expect((await running).tokens).toEqual(expected);
}

test.each(HOSTILE)('%s: a typed error, and the other engine computes on', async (name) => {
  await expectRefused(hostileModel(name), 'MODEL_INVALID', 'MODEL_UNSUPPORTED');
});

test.each(['tokenizer.chat_template', 'tokenizer.chat_template.tool_use'])(
  'an endless %s: chats are refused, plain prompts run',
  async (key) => {
    const path = modelWith({ [key]: { text: `{{ ${'not '.repeat(200_000)} true }}` } });
    await using engine = await TestEngine.open(path);
    const flags = { ...CHAT_DEFAULTS, parallelToolCalls: false, enableThinking: false };
    const messages = [{ role: 'user', content: 'Hi' }];
    const error = await errorOf(() => engine.native.renderChat({ ...flags, messages, tools: [] }));
    expect(error).toMatchObject({ code: 'INVALID_TEMPLATE' });
    expect((await engine.run(randomPrompt('plain', 20))).tokens.length).toBe(8);
  },
);

test('a missing file, a folder, a dangling link, a device, a path with a NUL', async () => {
  await expectRefused(join(folder, 'nowhere.gguf'), 'MODEL_NOT_FOUND');
  await expectRefused(folder, 'MODEL_INVALID', 'MODEL_NOT_FOUND');
  const link = join(folder, 'link.gguf');
  symlinkSync(join(folder, 'gone.gguf'), link);
  await expectRefused(link, 'MODEL_NOT_FOUND');
  await expectRefused('/dev/null', 'MODEL_INVALID');
  await expectRefused('a\0b.gguf', 'INVALID_OPTION');
});

test('a pool larger than any memory is refused before anything is allocated', async () => {
  const error = await errorOf(() => TestEngine.open({}, { kvTokens: 2 ** 30 }));
  expect(error.code).toBe('OUT_OF_MEMORY');
});

test('an unknown architecture is refused by its name', async () => {
  const error = await errorOf(() => TestEngine.open(hostileModel('unknown-architecture')));
  expect(error.message).toContain('not-an-architecture');
});

test('a load can be aborted from the start', async () => {
  const abort = new Int32Array(new SharedArrayBuffer(4));
  abort[0] = 1;
  const error = await errorOf(() =>
    loadBinding().loadEngine(
      engineOptions(randomModel()),
      () => {},
      () => {},
      abort,
    ),
  );
  expect(error.code).toBe('ABORTED');
});

test('progress rises from 0 to 1', async () => {
  const fractions: number[] = [];
  const engine = await loadBinding().loadEngine(
    engineOptions(randomModel()),
    () => {},
    (fraction) => fractions.push(fraction),
    new Int32Array(new SharedArrayBuffer(4)),
  );
  await engine.close();
  expect(fractions.at(-1)).toBe(1);
  expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
});

test('forged hyperparameters and flipped bytes never end the process', async () => {
  const child = new URL('./children/load-mutants.ts', import.meta.url);
  const { code, signal, stdout, stderr } = await runChild(child, ['250'], 110_000);
  expect({ code, signal }, `${stdout.slice(-300)}\n${stderr.slice(-2000)}`).toEqual({ code: 0, signal: null });
  const { refused, loaded } = JSON.parse(stdout.split('\n').at(-2) as string);
  expect(refused + loaded).toBe(250);
  expect(refused).toBeGreaterThan(100);
}, 120_000);
