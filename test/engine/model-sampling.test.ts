import { expect, test } from 'vitest';
import { Engine } from '../../src/engine/engine.js';
import { type GenerateOptions, toRequestSettings } from '../../src/engine/request-options.js';
import type { Metadata } from '../../testing/models/gguf/gguf-writer.js';
import { modelWith } from '../../testing/models/hostile-model.js';

// What a model's file recommends for sampling stands in for the defaults.

const SMALL = { threads: 1, kvTokens: 512 };
const file = (entries: Record<string, Metadata>) =>
  modelWith(Object.fromEntries(Object.entries(entries).map(([key, value]) => [`general.sampling.${key}`, value])));

/** What a file with this metadata recommends, what is left out of it, and the warnings of its load. */
async function advice(entries: Record<string, Metadata>) {
  const warnings: string[] = [];
  const hear = (warning: Error & { code?: string }) => {
    if (warning.code === 'BANYAN_SAMPLING') warnings.push(warning.message);
  };
  process.on('warning', hear);
  await using engine = await Engine.load({ model: file(entries), ...SMALL });
  await new Promise(setImmediate); // warnings are told in a tick of their own
  process.off('warning', hear);
  const { sampling, samplingReason } = engine.info;
  return { sampling, reason: samplingReason, warnings };
}

test('all that is understood', async () => {
  const all = {
    ...{ temp: { f32: 0.6 }, top_k: { i32: 20 }, top_p: { f32: 0.95 }, min_p: { f32: 0 } },
    ...{ penalty_repeat: { f32: 1.05 }, penalty_last_n: { i32: 256 } },
  };
  expect(await advice(all)).toEqual({
    sampling: { temperature: 0.6, topK: 20, topP: 0.95, minP: 0, repeatPenalty: 1.05, penaltyLastN: 256 },
    ...{ reason: '', warnings: [] },
  });
  expect(await advice({})).toEqual({ sampling: {}, reason: '', warnings: [] });
  expect(await advice({ min_p: { texts: ['0.1'] } })).toEqual({ sampling: {}, reason: '', warnings: [] }); // llama.cpp passes over lists
  // Below 0 is off, as llama.cpp has it; a text that is a number is one.
  const off = { temp: { f32: -1 }, top_k: { i32: -1 }, penalty_last_n: { i32: -1 }, top_p: { text: '0.5' } };
  expect((await advice(off)).sampling).toEqual({ temperature: 0, topK: 0, topP: 0.5, penaltyLastN: -1 });
});

test.each<[string, Metadata, option: string]>([
  ['temp', { f32: Number.NaN }, 'temperature'],
  ['temp', { f32: Number.POSITIVE_INFINITY }, 'temperature'],
  ['temp', { text: '' }, 'temperature'],
  ['temp', { text: `0.5${' '.repeat(100)}` }, 'temperature'],
  ['temp', { f32: 101 }, 'temperature'],
  ['top_k', { f32: 1.5 }, 'topK'],
  ['top_k', { text: 'forty' }, 'topK'],
  ['top_p', { f32: 1.5 }, 'topP'],
  ['min_p', { bool: true }, 'minP'],
  ['penalty_repeat', { f32: 0 }, 'repeatPenalty'],
  ['penalty_last_n', { i32: -2 }, 'penaltyLastN'],
])('%s %j is left out, said, and hurts nothing else', async (key, value, option) => {
  const other = key === 'top_k' ? { temp: { f32: 0.5 } } : { top_k: { i32: 7 } };
  const { sampling, reason, warnings } = await advice({ [key]: value, ...other });
  expect(sampling).toEqual(key === 'top_k' ? { temperature: 0.5 } : { topK: 7 });
  expect(reason).toBe(`general.sampling.${key} is no value of ${option}`);
  expect(warnings).toEqual([expect.stringContaining(reason)]);
});

test("a caller's own option wins, and temperature 0 has no company", () => {
  const advised = { temperature: 0.6, topK: 20, repeatPenalty: 1.5 };
  const sampling = (options: GenerateOptions) => toRequestSettings(options, advised).sampling;
  expect(sampling({})).toMatchObject({ temperature: 0.6, topK: 20, topP: 0.95, repeatPenalty: 1.5 });
  expect(sampling({ temperature: undefined })).toMatchObject({ temperature: 0.6 });
  expect(sampling({ topK: 0, repeatPenalty: 1 })).toMatchObject({ temperature: 0.6, topK: 0, repeatPenalty: 1 });
  expect(sampling({ temperature: 0 })).toMatchObject({ temperature: 0, repeatPenalty: 1 });
  expect(sampling({ temperature: 0, repeatPenalty: 1.2 })).toMatchObject({ temperature: 0, repeatPenalty: 1.2 });
});

test('requests, sessions and greedy callers of such a model', async () => {
  const model = file({ temp: { f32: 0 }, penalty_repeat: { f32: 3 } });
  await using advised = await Engine.load({ model, ...SMALL });
  await using plain = await Engine.load({ model: file({}), ...SMALL });
  const prompt = [5, 6, 7];
  const tokens = async (engine: Engine, options: GenerateOptions) =>
    (await engine.generate(prompt, { maxTokens: 40, ...options })).tokens;
  const penalised = await tokens(plain, { temperature: 0, repeatPenalty: 3 });
  const likeliest = await tokens(plain, { temperature: 0 });
  expect(penalised).not.toEqual(likeliest);
  expect(await tokens(advised, {})).toEqual(penalised);
  expect(await tokens(advised, { temperature: 0 })).toEqual(likeliest);
  expect(await tokens(advised, { repeatPenalty: 1 })).toEqual(likeliest);

  const said = async (engine: Engine, options: { temperature?: number; repeatPenalty?: number }) =>
    (await engine.session().generate('Hello', { maxTokens: 40, ...options })).tokens;
  const inSession = await said(plain, { temperature: 0, repeatPenalty: 3 });
  expect(await said(advised, {})).toEqual(inSession);
  const asDefault = await advised.session({ repeatPenalty: 1 }).generate('Hello', { maxTokens: 40 });
  expect(asDefault.tokens).toEqual(await said(plain, { temperature: 0 }));
});
