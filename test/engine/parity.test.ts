import { describe, expect, test } from 'vitest';
import { Engine, type EngineOptions, type GenerateOptions, type GenerationResult } from '../../src/index.js';
import { randomModel } from '../../testing/models/random-model.js';
import { GEMMA3_TEMPLATE, realModel } from '../../testing/models/real-models.js';

// What is said with drafts is what is said without: with `exact` to the last bit, else up to a tie within rounding.

const [smollm2, gemma3] = await Promise.all([realModel('smollm2'), realModel('gemma3')]);

interface Subject {
  name: string;
  options: EngineOptions | undefined;
  /** Nats by which logprobs of steps of other shapes may differ, without `exact`. */
  rounding: number;
}
const MODELS: Subject[] = [
  { name: 'the embedded model', options: {}, rounding: 0.05 },
  { name: 'SmolLM2', options: smollm2 ? { model: smollm2 } : undefined, rounding: 1 },
  // Weights of mixed kinds: four rows are added up in another order than one, and quantized anew in each layer.
  { name: 'Gemma 3', options: gemma3 ? { model: gemma3, chatTemplate: GEMMA3_TEMPLATE } : undefined, rounding: 1.5 },
];
const THREADS = [1, 2];
const WARMTHS = [{ temperature: 0 }, { temperature: 0.8, seed: 7 }];

const weather = {
  name: 'get_weather',
  description: 'Returns temperature and sky for a city.',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
} as const;
const PERSON = {
  type: 'object',
  properties: { name: { type: 'string', maxLength: 12 }, home_town: { enum: ['Oslo', 'Bergen'] } },
  required: ['name', 'home_town'],
  additionalProperties: false,
} as const;
const SYSTEM = { role: 'system' as const, content: 'You are a helpful assistant.' };
/** Longer than a tile and a page, so that some of it is found in the cache by whoever asks again. */
const LIST = `Say this list twice: ${'red boat, blue boat, green boat, '.repeat(8)}white boat.`;
const REQUESTS: [string, GenerateOptions][] = [
  [LIST, { maxTokens: 24, ignoreEos: true }],
  ['Write about a storm at sea.', { maxTokens: 12, ignoreEos: true, repeatPenalty: 1.1 }],
  ['What is the weather in Oslo?', { maxTokens: 24, tools: [weather], toolChoice: 'required' }],
  ['Invent a person, as JSON.', { maxTokens: 24, schema: PERSON }],
];
/** All requests at each temperature. */
const ALL = WARMTHS.flatMap((warmth) =>
  REQUESTS.map(([text, options]): [string, GenerateOptions] => [text, { ...options, ...warmth, logprobs: 8 }]),
);

const answer = (engine: Engine, [text, options]: [string, GenerateOptions]) =>
  engine.generate([SYSTEM, { role: 'user', content: text }], options);
async function alone(engine: Engine): Promise<GenerationResult[]> {
  const answers: GenerationResult[] = [];
  for (const request of ALL) answers.push(await answer(engine, request));
  return answers;
}
const together = (engine: Engine) => Promise.all(ALL.map((request) => answer(engine, request)));

/** With each kind of drafts; at once second, when tree and tenant's log have the answers. */
async function withDrafts(options: EngineOptions): Promise<GenerationResult[][]> {
  await using always = await Engine.load({ ...options, draftTokens: 'always' });
  await using auto = await Engine.load({ ...options, draftTokens: 'auto' });
  expect([always, auto].map(({ info }) => info.draftTokens)).toEqual(['always', 'auto']);
  const passes = [await alone(always), await together(always), await together(auto)];
  expect((await always.stats()).acceptedTokens).toBeGreaterThan(50);
  return passes;
}

/** All that a caller sees, logprobs with all their digits. */
const seen = ({ tokens, text, toolCalls, finishReason, logprobs }: GenerationResult) => ({
  ...{ tokens, text, finishReason, logprobs },
  calls: toolCalls.map(({ name, arguments: input }) => [name, input]),
});

/**
 * The same until a maximum or a draw fell otherwise: up to there distributions differ by no more than rounding, and of two
 * maxima neither is likelier by more than that.
 */
function expectSameUntilATie(given: GenerationResult, expected: GenerationResult, rounding: number, greedy: boolean) {
  const differ = expected.tokens.findIndex((token, i) => token !== given.tokens[i]);
  const end = differ < 0 ? expected.tokens.length : differ + 1;
  for (const [i, { top }] of (expected.logprobs ?? []).slice(0, end).entries())
    for (const { token, logprob } of top) {
      const same = given.logprobs?.[i]?.top.find((other) => other.token === token);
      if (same) expect(Math.abs(same.logprob - logprob), `token ${i}`).toBeLessThan(rounding);
    }
  if (differ < 0 || !greedy) return;
  const top = expected.logprobs?.[differ]?.top ?? [];
  const logprobOf = (token: number | undefined) => top.find((one) => one.token === token)?.logprob ?? -Infinity;
  const gap = logprobOf(expected.tokens[differ]) - logprobOf(given.tokens[differ]);
  expect(Math.abs(gap), `token ${differ}: not a tie`).toBeLessThan(rounding);
}

const SUBJECTS = MODELS.filter(({ options }) => options);

describe.each(SUBJECTS)('$name', { timeout: 600_000 }, ({ options, rounding }) => {
  test.each(THREADS)('exact: bits are those without drafts, alone and at once, %d threads', async (threads) => {
    await using plain = await Engine.load({ ...options, threads, exact: true });
    const expected = (await alone(plain)).map(seen);
    for (const answers of await withDrafts({ ...options, threads, exact: true }))
      expect(answers.map(seen)).toEqual(expected);
  });

  test.each(THREADS)('else: the same until a tie, alone and at once, %d threads', async (threads) => {
    await using plain = await Engine.load({ ...options, threads });
    const expected = await alone(plain);
    for (const answers of await withDrafts({ ...options, threads }))
      for (const [i, given] of answers.entries())
        expectSameUntilATie(given, expected[i] as GenerationResult, rounding, ALL[i]?.[1].temperature === 0);
  });
});

test('exact is refused where it does not hold', async () => {
  const model = await randomModel(); // weights of 32 bits
  await expect(Engine.load({ model, threads: 1, exact: true })).rejects.toMatchObject({
    code: 'INVALID_OPTION',
    field: 'exact',
  });
});
