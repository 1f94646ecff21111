import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { modelsOf } from '../../src/cli/models.js';
import { ENDING_MODEL } from '../../testing/engine/random-engine.js';
import { randomModel } from '../../testing/models/random-model.js';
import { codeOf } from '../support/expect-code.js';
import { Cli } from '../support/run-cli.js';

const none = { model: [], alias: [] };

test('--model with names, a file, aliases', async () => {
  expect(modelsOf({ ...none, model: ['/a=b/c.gguf'] }, {})).toBeUndefined();
  expect(modelsOf({ ...none, model: ['https://host/x?y=z'] }, {})).toBeUndefined();
  const flags = {
    ...none,
    model: ['a=x.gguf', 'qwen3:4b=hf:Qwen/Q:Q4'],
    alias: ['gpt-*=a'],
    memoryBytes: 5,
    idleMs: 7,
  };
  expect(modelsOf(flags, { threads: 1 })).toMatchObject({
    models: {
      models: { a: { model: 'x.gguf', kvTokens: 16_384, threads: 1 }, 'qwen3:4b': { model: 'hf:Qwen/Q:Q4' } },
      ...{ memoryBytes: 5, idleMs: 7 },
    },
    aliases: { 'gpt-*': 'a' },
  });
  const folder = mkdtempSync(join(tmpdir(), 'banyan-models-file-'));
  try {
    const models = join(folder, 'models.json');
    writeFileSync(models, '{"models":{"a":{"model":"x.gguf","kvTokens":64,"aliases":["b"]}},"memoryBytes":9}');
    expect(modelsOf({ ...none, models }, {})).toMatchObject({
      models: { models: { a: { model: 'x.gguf', kvTokens: 64 } }, memoryBytes: 9 },
      aliases: { b: 'a' },
    });
    for (const wrong of [
      '{',
      '[]',
      '{}',
      '{"models":[]}',
      '{"models":{"a":1}}',
      '{"models":{},"memory":1}',
      '{"models":{"a":{"aliases":"b"}}}',
    ]) {
      writeFileSync(models, wrong);
      expect(await codeOf(() => modelsOf({ ...none, models }, {}))).toBe('INVALID_OPTION');
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.each([
  { ...none, model: ['a.gguf', 'b.gguf'] },
  { ...none, model: ['a=a.gguf', 'b.gguf'] },
  { ...none, model: ['a.gguf'], alias: ['x=a'] },
  { ...none, memoryBytes: 1 },
  { ...none, model: ['a=a.gguf'], alias: ['x'] },
  { ...none, models: '/nowhere.json' },
])('%j is refused', async (flags) => {
  expect(await codeOf(() => modelsOf(flags, {}))).toBe('INVALID_OPTION');
});

test('banyan serve with two models', { timeout: 60_000 }, async () => {
  const [a, b] = [randomModel(ENDING_MODEL), randomModel()];
  const cli = new Cli([
    'serve',
    '--model',
    `a=${a}`,
    '--model',
    `b=${b}`,
    '--alias',
    'gpt=b',
    '--threads',
    '1',
    '--kv-tokens',
    '2048',
    '--port',
    '0',
    '--no-disk-cache',
  ]);
  const url = (await cli.until('stdout', /https?:\/\/\S+\/v1\n/)).trim();
  const ask = async (model: string) => {
    const body = { model, max_tokens: 4, messages: [{ role: 'user', content: 'Hello' }] };
    const answer = await fetch(`${url}/chat/completions`, { method: 'POST', body: JSON.stringify(body) });
    return [answer.status, ((await answer.json()) as { model?: string }).model];
  };
  expect([await ask('a'), await ask('gpt'), await ask('c')]).toEqual([
    [200, 'a'],
    [200, 'b'],
    [404, undefined],
  ]);
  cli.kill('SIGTERM');
  expect((await cli.ended()).code).toBe(0);
});
