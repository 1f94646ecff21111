import { expect, test } from 'vitest';
import { Engine, type GenerateOptions, type GenerationResult } from '../../src/index.js';

// Drafts change when tokens come, never which: `always` checks every draft there is, so that rows of many tokens are common.

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

const said = ({ tokens, text, toolCalls, finishReason, logprobs }: GenerationResult) => ({
  tokens,
  text,
  calls: toolCalls.map(({ name, arguments: input }) => [name, input]),
  finishReason,
  // The sums of a step of several rows are rounded in another order.
  logprobs: logprobs?.map(({ token, logprob }) => [token, Math.round(logprob * 100)]),
});

test.each([1, 2])('tokens, calls, logprobs and ends are those without drafts, %d threads', async (threads) => {
  await using plain = await Engine.load({ threads });
  await using eager = await Engine.load({ threads, speculation: 'always' });
  await using chosen = await Engine.load({ threads, speculation: 'auto' });
  expect([plain.info.speculation, eager.info.speculation, chosen.info.speculation]).toEqual(['off', 'always', 'auto']);
  // Twice: the second time the tree and the tenant's log have the answer.
  for (const [text, options] of [...REQUESTS, ...REQUESTS]) {
    const expected = await plain.generate(ask(text), options);
    expect(expected.usage.draftedTokens).toBe(0);
    for (const engine of [eager, chosen]) {
      expect(said(await engine.generate(ask(text), options))).toEqual(said(expected));
    }
  }
  const { draftedTokens, acceptedTokens, outputTokens, steps } = await sums(eager, plain);
  expect(acceptedTokens).toBeGreaterThan(100);
  expect(acceptedTokens).toBeLessThanOrEqual(draftedTokens);
  expect(steps).toBeLessThan(outputTokens);
});

/** Of the first; steps of it against tokens of the second, which has one a step. */
async function sums(engine: Engine, plain: Engine) {
  const [{ draftedTokens, acceptedTokens, steps }, { steps: outputTokens }] = [
    await engine.stats(),
    await plain.stats(),
  ];
  return { draftedTokens, acceptedTokens, outputTokens, steps };
}

test('many at once, forks and aborted ones among them, say what they say alone', async () => {
  await using plain = await Engine.load({ threads: 1 });
  await using eager = await Engine.load({ threads: 1, speculation: 'always', kvTokens: 4_096 });
  const questions = REQUESTS.filter(([, { progress }]) => !progress);
  const expected = [];
  for (const [text, options] of questions) expected.push(said(await plain.generate(ask(text), options)));
  const abort = new AbortController();
  const cut = Promise.allSettled(
    Array.from({ length: 4 }, async () => {
      const running = eager.generate(ask(LIST), { temperature: 0, ignoreEos: true, signal: abort.signal });
      for await (const event of running) if (event.type === 'text') abort.abort();
      await running;
    }),
  );
  const answers = await Promise.all(questions.map(([text, options]) => eager.generate(ask(text), options)));
  const ends = await cut;
  expect(ends.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected', 'rejected']);
  expect(answers.map(said).map(({ tokens }) => tokens)).toEqual(expected.map(({ tokens }) => tokens));
  const off = await eager.generate(ask(LIST), { temperature: 0, maxTokens: 40, speculation: false });
  expect(off.usage.draftedTokens).toBe(0);
});
