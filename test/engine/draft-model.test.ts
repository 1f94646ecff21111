import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { type Decision, Engine, type GenerateOptions } from '../../src/index.js';
import { randomHead } from '../../testing/models/head-model.js';
import { randomModel, writeRandomModel } from '../../testing/models/random-model.js';

// A second model drafts what no text tells. Here it is the same model: it is nearly always right, so that what is wrong with
// its pages would be seen in how often it is.

const tiny = fileURLToPath(new URL('../../models/banyan-tiny.gguf', import.meta.url));
const ask = (text: string) => [{ role: 'user' as const, content: text }];
const options: GenerateOptions = { temperature: 0, maxTokens: 60 };
const QUESTIONS = ['Name three rivers.', 'What is the capital of Norway?', 'Say something about boats and the sea.'];

test.runIf(existsSync(tiny))('what is said with a draft model is what is said without, in fewer steps', async () => {
  await using plain = await Engine.load({ threads: 1 });
  await using drafted = await Engine.load({ threads: 1, draftModel: tiny, draftTokens: 'always' });
  expect(drafted.info).toMatchObject({ draftModel: tiny, draftTokens: 'always', noDraftsReason: '' });
  expect(plain.info).toMatchObject({ draftModel: '', draftModelBytes: 0, draftPoolBytes: 0 });
  const decisions: Decision[] = [];
  const reading = (async () => {
    for await (const decision of drafted.decisions()) decisions.push(decision);
  })();
  const expected = [];
  for (const question of QUESTIONS) expected.push((await plain.generate(ask(question), options)).tokens);
  const answers = await Promise.all(QUESTIONS.map((question) => drafted.generate(ask(question), options)));
  expect(answers.map(({ tokens }) => tokens)).toEqual(expected);
  for (const { usage } of answers) {
    expect(usage.acceptedBy.model).toBeGreaterThan(0);
    expect(Object.values(usage.acceptedBy).reduce((sum, n) => sum + n)).toBe(usage.acceptedTokens);
  }
  const [stats, without] = await Promise.all([drafted.stats(), plain.stats()]);
  expect(stats.draftedBy.model).toBeGreaterThan(15);
  // An answer's end is no token of it.
  expect(stats.acceptedBy.model).toBeGreaterThan(0.75 * stats.draftedBy.model);
  expect(stats.draftModelMs).toBeGreaterThan(0);
  expect(stats.steps).toBeLessThan(without.steps);
  await drafted.close();
  await reading;
  expect(decisions.map(({ text }) => text).join('\n')).toMatch(/\d+ of the draft model in /);
});

test.runIf(existsSync(tiny))(
  'a draft model switches drafts on; what it must not be is told by its option',
  async () => {
    await using drafted = await Engine.load({ threads: 1, draftModel: tiny });
    expect(drafted.info.draftTokens).toBe('auto');
    expect(drafted.info.draftModelBytes).toBe(drafted.info.sizeBytes);
    expect((await drafted.generate(ask('Hello'), { ...options, ignoreEos: true, maxTokens: 8 })).tokens).toHaveLength(
      8,
    );

    const folder = await mkdtemp(join(tmpdir(), 'banyan-draft-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const other = join(folder, 'other.gguf');
    writeRandomModel(other, { architecture: 'qwen3' });
    const wrong = [
      [{ draftModel: other }, 'INVALID_OPTION', /another vocabulary/],
      [{ draftModel: join(folder, 'none.gguf') }, 'MODEL_NOT_FOUND', /draft model/],
      [{ draftModel: tiny, draftTokens: 'off' as const }, 'INVALID_OPTION', /off/],
    ] as const;
    for (const [given, code, message] of wrong) {
      const failed = await Engine.load({ threads: 1, ...given }).catch((reason: unknown) => reason);
      expect(failed).toMatchObject({ code, field: 'draftModel', message: expect.stringMatching(message) });
    }
  },
);

test('what is said with an EAGLE-3 head is what is said without; one for another model is told by its option', async () => {
  const model = randomModel();
  await using plain = await Engine.load({ model, threads: 1 });
  await using drafted = await Engine.load({
    ...{ model, threads: 1 },
    ...{ draftModel: randomHead('own'), draftTokens: 'always' },
  });
  expect(drafted.info).toMatchObject({ draftModel: randomHead('own'), draftTokens: 'always', noDraftsReason: '' });
  const { pages, pageTokens, draftModelBytes, draftPoolBytes } = drafted.info;
  expect(draftModelBytes).toBeGreaterThan(0);
  // K and V of one layer with a head of 32, three hidden states of 128, in two bytes each.
  expect(draftPoolBytes).toBe(pages * pageTokens * (2 * 32 + 3 * 128) * 2);
  const asked: GenerateOptions = { ...options, ignoreEos: true };
  const expected = [];
  for (const question of QUESTIONS) expected.push((await plain.generate(ask(question), asked)).tokens);
  const answers = await Promise.all(QUESTIONS.map((question) => drafted.generate(ask(question), asked)));
  expect(answers.map(({ tokens }) => tokens)).toEqual(expected);
  expect((await drafted.stats()).draftedBy.model).toBeGreaterThan(15);

  const wrong = {
    model: randomModel({ embedding: 64, heads: 2, kvHeads: 1 }),
    threads: 1,
    draftModel: randomHead('own'),
  };
  const failed = await Engine.load(wrong).catch((reason: unknown) => reason);
  expect(failed).toMatchObject({
    code: 'INVALID_OPTION',
    field: 'draftModel',
    message: expect.stringMatching(/hidden size of 128/),
  });
  const without = await Engine.load({ model, draftModel: 'mtp' }).catch((reason: unknown) => reason);
  expect(without).toMatchObject({ code: 'INVALID_OPTION', field: 'draftModel' });
  const alone = await Engine.load({ model: randomHead('own') }).catch((reason: unknown) => reason);
  expect(alone).toMatchObject({ code: 'MODEL_UNSUPPORTED', message: expect.stringMatching(/draftModel/) });
});

test('a model drafts with its own MTP layer, and says what it says without', async () => {
  const model = randomModel({ architecture: 'hy_v3' });
  await using plain = await Engine.load({ model, threads: 1 });
  await using drafted = await Engine.load({ model, threads: 1, draftModel: 'mtp', draftTokens: 'always' });
  expect(drafted.info).toMatchObject({ draftModel: 'mtp', draftModelBytes: 0, noDraftsReason: '' });
  expect(drafted.info.draftPoolBytes).toBeGreaterThan(0);
  const asked: GenerateOptions = { ...options, ignoreEos: true };
  for (const question of QUESTIONS) {
    const [said, expected] = [await drafted.generate(ask(question), asked), await plain.generate(ask(question), asked)];
    expect(said.tokens).toEqual(expected.tokens);
  }
  expect((await drafted.stats()).draftedBy.model).toBeGreaterThan(15);
});
