import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Engine } from '../../src/engine/engine.js';
import { openEngine, RAMBLING_MODEL, tokens } from '../../testing/engine/random-engine.js';
import { codeOf, errorOf } from '../support/expect-code.js';

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine(RAMBLING_MODEL, { revealMisses: true });
});
afterAll(() => engine.close());

const user = (content: string) => [{ role: 'user' as const, content }];

test('text, messages and tokens go in; tokens, text and usage come out', async () => {
  const text = 'Once upon a time';
  const byText = await engine.generate(text, { maxTokens: 12, temperature: 0 });
  const byTokens = await engine.generate(engine.tokenize(text, { addSpecial: true }), {
    maxTokens: 12,
    temperature: 0,
  });
  expect(byTokens.tokens).toEqual(byText.tokens);
  expect(byText).toMatchObject({ finishReason: 'length', usage: { outputTokens: 12 } });
  expect(engine.detokenize(byText.tokens)).toBe(byText.text);
  const byMessages = await engine.generate(user(text), { maxTokens: 4 });
  expect(byMessages.usage.promptTokens).toBeGreaterThan(byText.usage.promptTokens);
});

test('the stream adds up to the result', async () => {
  const generation = engine.generate(user('Tell me'), { maxTokens: 24, temperature: 0 });
  let text = '';
  const seen: number[] = [];
  for await (const event of generation) {
    if (event.type === 'text') text += event.text;
    if (event.type === 'tokens') seen.push(...event.tokens);
  }
  const result = await generation;
  expect(text).toBe(result.text);
  expect(seen).toEqual(result.tokens);
});

test('the same seed gives the same answer, another seed another', async () => {
  const draw = async (seed: number) => (await engine.generate('abc', { seed, temperature: 1.5, maxTokens: 16 })).tokens;
  expect(await draw(7)).toEqual(await draw(7));
  expect(await draw(7)).not.toEqual(await draw(8));
});

test('logprobs come with every token', async () => {
  const { logprobs, tokens: out } = await engine.generate('abc', { logprobs: 3, maxTokens: 5, temperature: 0 });
  expect(logprobs.map(({ token }) => token)).toEqual(out);
  for (const { logprob, top } of logprobs) {
    expect(top).toHaveLength(3);
    expect(top[0]?.logprob).toBeCloseTo(logprob, 4); // greedy: the likeliest was taken
  }
});

test('a stop text ends the answer and is not part of it', async () => {
  const free = await engine.generate('Count', { maxTokens: 24, temperature: 0 });
  const stop = free.text.slice(6, 9);
  const cut = await engine.generate('Count', { maxTokens: 24, temperature: 0, stop });
  expect(cut).toMatchObject({ finishReason: 'stop-sequence', text: free.text.slice(0, free.text.indexOf(stop)) });
});

test('a grammar is followed to its end', async () => {
  const { text, finishReason } = await engine.generate('x', { grammar: 'root ::= "yes" | "no"', maxTokens: 20 });
  expect(['yes', 'no']).toContain(text);
  expect(finishReason).toBe('stop');
});

describe('an abort', () => {
  test.each([
    ['while prefilling', 3_000, 'running'],
    ['while decoding', 8, 'decodeTokens'],
  ] as const)('%s rejects and frees the pages', async (_name, length, begun) => {
    const before = (await engine.stats())[begun];
    const stop = new AbortController();
    const generation = engine.generate(tokens(length, length), { signal: stop.signal, cache: false });
    while ((await engine.stats())[begun] === before);
    stop.abort();
    expect(await codeOf(() => generation)).toBe('ABORTED');
    const { pagesUsed, pagesCached, running } = await engine.stats();
    expect({ running, inUse: pagesUsed - pagesCached }).toEqual({ running: 0, inUse: 0 });
  });

  test('while queued', async () => {
    const one = await openEngine(RAMBLING_MODEL, { maxRunning: 1, kvTokens: 2_048 });
    const stop = new AbortController();
    const first = one.generate(tokens(16, 1));
    const second = one.generate(tokens(16, 2), { signal: stop.signal });
    while ((await one.stats()).waiting === 0);
    stop.abort();
    expect(await errorOf(() => second)).toMatchObject({ code: 'ABORTED' });
    first.cancel();
    expect((await first).finishReason).toBe('cancelled');
    await one.close();
  });
});

test('a prompt that can never fit is refused, the rest goes on', async () => {
  expect(await codeOf(() => engine.generate(tokens(20_000, 3)))).toBe('PROMPT_TOO_LONG');
  expect(await codeOf(() => engine.generate([10 ** 6]))).toBe('INVALID_OPTION');
  expect(await codeOf(() => engine.generate('x', { grammar: 'root ::= (' }))).toBe('INVALID_GRAMMAR');
  expect((await engine.generate('x', { maxTokens: 3 })).tokens).toHaveLength(3);
});

test('explain names what differs, pins hold', async () => {
  await engine.generate(user('The weather in Oslo'), { maxTokens: 1 });
  const miss = await engine.explain(user('The weather in Rome'));
  expect(miss.matchedTokens).toBeGreaterThan(5);
  expect(miss).toMatchObject({ reason: 'diverged', after: expect.stringContaining('weather in') });
  expect(miss.expected).not.toBe(miss.actual);
  const pin = await engine.pin(user('The weather in Oslo'));
  expect(pin.tokens).toBeGreaterThan(5);
  expect((await engine.stats()).pagesPinned).toBeGreaterThan(0);
  expect(await pin.release()).toBe(true);
  expect(await pin.release()).toBe(false);
  expect((await engine.stats()).pagesPinned).toBe(0);
});

test('tenants share nothing', async () => {
  const prompt = tokens(64, 9);
  await engine.generate(prompt, { maxTokens: 1, tenant: 'a' });
  expect((await engine.generate(prompt, { maxTokens: 1, tenant: 'b' })).usage.cachedTokens).toBe(0);
  expect((await engine.generate(prompt, { maxTokens: 1, tenant: 'a' })).usage.cachedTokens).toBe(63);
});

test('a file that is no model is refused', async () => {
  const error = await errorOf(() => Engine.load({ model: import.meta.filename }));
  expect(error.code).toBe('MODEL_INVALID');
});
