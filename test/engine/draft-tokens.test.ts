import { expect, test } from 'vitest';
import { Engine, type GenerateOptions, type GenerationResult } from '../../src/index.js';

// Drafts change when tokens come, never which: `always` checks every draft there is, so that steps of many rows are common.

const weather = {
  name: 'get_weather',
  description: 'Returns temperature and sky for a city.',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
} as const;
const ask = (text: string) => [
  { role: 'system' as const, content: 'You are a helpful assistant.' },
  { role: 'user' as const, content: text },
];
const LIST = 'Say this list twice: red boat, blue boat, red boat, blue boat, red boat, blue boat, green boat.';
const REQUESTS: [string, GenerateOptions][] = [
  [LIST, { temperature: 0, maxTokens: 80 }],
  [LIST, { temperature: 0, maxTokens: 80, ignoreEos: true }],
  [LIST, { temperature: 0.8, seed: 11, maxTokens: 80, ignoreEos: true }],
  [LIST, { temperature: 0.8, seed: 12, topK: 20, repeatPenalty: 1.1, maxTokens: 80 }],
  [LIST, { temperature: 0, logprobs: 3, maxTokens: 40, ignoreEos: true }],
  [LIST, { temperature: 0, stop: 'boat, b', maxTokens: 80 }],
  ['What is the weather in Oslo?', { temperature: 0, tools: [weather], maxTokens: 60 }],
  ['What is the weather in Oslo?', { temperature: 0, tools: [weather], maxTokens: 60, progress: true }],
  ['Name two boats.', { temperature: 0, maxTokens: 60, grammar: 'root ::= ("red boat, " | "blue boat, "){4} "end"' }],
];

const said = ({ tokens, text, toolCalls, finishReason }: GenerationResult) => ({
  tokens,
  text,
  calls: toolCalls.map(({ name, arguments: input }) => [name, input]),
  finishReason,
});

/** Nats. The sums of a step of several rows may be rounded in another order, as kernels and machines have it. */
const ROUNDING = 0.05;

/** The same token for token; logprobs within rounding. */
function expectSame(given: GenerationResult, expected: GenerationResult): void {
  expect(said(given)).toEqual(said(expected));
  for (const [i, { logprob }] of (expected.logprobs ?? []).entries())
    expect(Math.abs((given.logprobs?.[i]?.logprob ?? Number.NaN) - logprob)).toBeLessThan(ROUNDING);
}

test.each([1, 2])('tokens, calls, logprobs and ends are those without drafts, %d threads', async (threads) => {
  await using plain = await Engine.load({ threads });
  await using eager = await Engine.load({ threads, draftTokens: 'always' });
  await using auto = await Engine.load({ threads, draftTokens: 'auto' });
  expect([plain, auto, eager].map(({ info }) => info.draftTokens)).toEqual(['off', 'auto', 'always']);
  expect(eager.info.noDraftsReason).toBe('');
  // Twice: the second time the tree and the tenant's log have the answer.
  for (const [text, options] of [...REQUESTS, ...REQUESTS]) {
    const expected = await plain.generate(ask(text), options);
    expect(expected.usage.draftedTokens).toBe(0);
    for (const drafting of [eager, auto]) {
      const given = await drafting.generate(ask(text), options);
      expectSame(given, expected);
    }
  }
  const [drafted, chosen, undrafted] = await Promise.all([eager.stats(), auto.stats(), plain.stats()]);
  expect(undrafted).toMatchObject({ draftedTokens: 0, draftSteps: 0, draftSavedMs: 0, draftRestSteps: 0 });
  expect(drafted.acceptedTokens).toBeGreaterThan(100);
  expect(drafted.acceptedTokens).toBeLessThanOrEqual(drafted.draftedTokens);
  expect(drafted.steps).toBeLessThan(undrafted.steps - 100);
  // How many it checks depends on what steps take here, which no test may.
  expect(chosen.acceptedTokens).toBeLessThanOrEqual(chosen.draftedTokens);
  expect(chosen.draftSteps).toBeLessThanOrEqual(chosen.draftedTokens);
});

/** How it ended: aborted at its first words. */
async function abortEarly(engine: Engine): Promise<string> {
  const abort = new AbortController();
  const running = engine.generate(ask(LIST), { temperature: 0, ignoreEos: true, signal: abort.signal });
  const ended = running.then(
    () => 'finished',
    () => 'rejected',
  );
  try {
    for await (const event of running) if (event.type === 'text') abort.abort();
  } catch {
    // The stream ends as the promise does.
  }
  return ended;
}

test('many at once, aborted ones among them, say what they say alone', async () => {
  await using plain = await Engine.load({ threads: 1 });
  await using eager = await Engine.load({ threads: 1, draftTokens: 'always', kvTokens: 4_096 });
  const expected = [];
  for (const [text, options] of REQUESTS) expected.push(said(await plain.generate(ask(text), options)));
  const cut = Promise.all(Array.from({ length: 4 }, () => abortEarly(eager)));
  const answers = await Promise.all(REQUESTS.map(([text, options]) => eager.generate(ask(text), options)));
  expect(await cut).toEqual(['rejected', 'rejected', 'rejected', 'rejected']);
  expect(answers.map(said)).toEqual(expected);
  expect((await eager.stats()).draftedTokens).toBeGreaterThan(0);
});

test('a request that wants no drafts gets none', async () => {
  await using eager = await Engine.load({ threads: 1, draftTokens: 'always' });
  const options = { temperature: 0, maxTokens: 40 };
  const off = await eager.generate(ask(LIST), { ...options, draftTokens: false });
  expect(off.usage).toMatchObject({ draftedTokens: 0, acceptedTokens: 0 });
  const on = await eager.generate(ask(LIST), options);
  expect(on.usage.acceptedTokens).toBeGreaterThan(0);
  expect(said(on)).toEqual(said(off));
});
