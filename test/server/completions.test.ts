import OpenAI from 'openai';
import { describe, expect, test } from 'vitest';
import type { Engine } from '../../src/engine/engine.js';
import type { Server } from '../../src/server/serve.js';
import { serveModel } from '../support/serve-model.js';

let engine: Engine;
let server: Server;
let client: OpenAI;

serveModel((it) => {
  ({ engine, server } = it);
  client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'none', maxRetries: 0 });
});

const asked = { model: 'any', temperature: 0 };
const texts = ['The ferry to', 'What is the weather'];

test('texts are gone on with: one or several, whole or streamed, with what was before them if wanted', async () => {
  const direct = await Promise.all(texts.map((text) => engine.generate(text, { temperature: 0, maxTokens: 16 })));
  const { choices, usage } = await client.completions.create({ ...asked, prompt: texts });
  expect(choices.map(({ index, text }) => [index, text])).toEqual(direct.map(({ text }, index) => [index, text]));
  expect(usage?.completion_tokens).toBe(direct.reduce((sum, { usage: { outputTokens } }) => sum + outputTokens, 0));

  const streamed = ['', ''];
  const stream = await client.completions.create({ ...asked, prompt: texts, stream: true, echo: true });
  for await (const chunk of stream) for (const { index, text } of chunk.choices) streamed[index] += text;
  expect(streamed).toEqual(direct.map(({ text }, index) => `${texts[index]}${text}`));
});

test('token ids are a prompt too', async () => {
  const tokens = [...engine.tokenize(texts[0] as string)];
  const [{ choices }, words] = await Promise.all([
    client.completions.create({ ...asked, prompt: tokens }),
    client.completions.create({ ...asked, prompt: texts[0] as string }),
  ]);
  expect(choices[0]?.text).toBe(words.choices[0]?.text);
});

test('answers of a given length, with the ids of their tokens, as measuring programs ask for them', async () => {
  const prompt = [...engine.tokenize('Hi')];
  const body = { ...asked, prompt, max_tokens: 200, ignore_eos: true, return_token_ids: true };
  const direct = await engine.generate(Int32Array.from(prompt), { temperature: 0, maxTokens: 200, ignoreEos: true });
  expect(direct).toMatchObject({ finishReason: 'length', usage: { outputTokens: 200 } });
  type WithIds = { choices: { token_ids?: number[]; text: string }[] };
  const whole = (await client.completions.create(body)) as unknown as WithIds;
  expect(whole.choices[0]).toMatchObject({ token_ids: direct.tokens, text: direct.text });
  const ids: number[] = [];
  let text = '';
  for await (const chunk of await client.completions.create({ ...body, stream: true })) {
    const [choice] = (chunk as unknown as WithIds).choices;
    ids.push(...(choice?.token_ids ?? []));
    text += choice?.text ?? '';
  }
  expect({ ids, text }).toEqual({ ids: direct.tokens, text: direct.text });
});

test('logprobs in the older shape', async () => {
  const { choices } = await client.completions.create({ ...asked, prompt: 'Hello', max_tokens: 3, logprobs: 2 });
  const { tokens = [], token_logprobs: values, top_logprobs: top, text_offset: at } = choices[0]?.logprobs ?? {};
  expect([tokens.length, values?.length, top?.length]).toEqual([3, 3, 3]);
  expect(at).toEqual([0, tokens[0]?.length, (tokens[0]?.length ?? 0) + (tokens[1]?.length ?? 0)]);
});

/** The embedded model is sure of itself: this makes seeds matter. */
const wild = { temperature: 2, top_k: 0, top_p: 1, min_p: 0 };

test('n answers to each prompt: what they share is computed once and counted once', async () => {
  const prompt = 'The ferry to the island leaves at '.repeat(12);
  const body = { ...asked, model: 'any', prompt: [prompt, 'What is'], n: 3, max_tokens: 4, seed: 7, ...wild };
  const before = await engine.stats();
  const { choices, usage } = await client.completions.create(body);
  const after = await engine.stats();
  expect(choices.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5]);
  const tokens = [prompt, 'What is'].map((text) => engine.tokenize(text, { addSpecial: true }).length);
  expect(usage?.prompt_tokens).toBe((tokens[0] ?? 0) + (tokens[1] ?? 0));
  const computed = after.prefillTokens - before.prefillTokens;
  expect(computed).toBeLessThan((tokens[0] ?? 0) * 1.5);
  expect(new Set(choices.slice(0, 3).map(({ text }) => text)).size).toBeGreaterThan(1);
});

test('max_tokens 0 warms the cache', async () => {
  const { choices, usage } = await client.completions.create({ ...asked, prompt: 'A long way to go', max_tokens: 0 });
  expect(choices).toEqual([{ index: 0, text: '', finish_reason: 'length', logprobs: null }]);
  expect(usage?.completion_tokens).toBe(0);
});

test('logit_bias by token ids', async () => {
  const [token] = (await engine.generate('The ferry to', { temperature: 0, maxTokens: 1 })).tokens as [number];
  const body = { ...asked, prompt: 'The ferry to', max_tokens: 1, logprobs: 0, logit_bias: { [token]: -100 } };
  const { choices } = await client.completions.create(body);
  expect(choices[0]?.text).not.toBe(engine.detokenize([token]));
});

// As lm-evaluation-harness asks and reads (its local-completions): the logprobs of the last `continuation` tokens of the
// prompt, one token more, which it drops.
describe('a program that scores texts', () => {
  const score = async (prompt: number[][] | string[], context: number[], body: object = {}) => {
    const { choices } = await client.completions.create({
      ...{ model: 'any', prompt, temperature: 0, max_tokens: 1, logprobs: 1, seed: 1234, echo: true },
      ...body,
    });
    return choices.map(({ logprobs }, at) => {
      const lists = logprobs as unknown as { token_logprobs: number[]; top_logprobs: Record<string, number>[] };
      const [values, top] = [lists.token_logprobs, lists.top_logprobs].map((list) =>
        list.slice(context[at], list.length - 1),
      ) as [number[], Record<string, number>[]];
      const greedy = values.every((value, index) => value === Math.max(...Object.values(top[index] ?? {})));
      return { sum: values.reduce((total, value) => total + value, 0), tokens: values.length, greedy };
    });
  };

  test('the likeliest continuation is greedy and its sum is what the model said of it', async () => {
    const context = [...engine.tokenize('What is the weather in', { addSpecial: true })];
    const said = await engine.generate(context, { temperature: 0, maxTokens: 4, logprobs: 1 });
    const other = [...engine.tokenize(' zz zz')];
    const rows = [
      [...context, ...said.tokens],
      [...context, ...other],
    ];
    const [likely, unlikely] = await score(rows, [context.length, context.length]);
    expect(likely).toMatchObject({ tokens: said.tokens.length, greedy: true });
    expect(unlikely).toMatchObject({ tokens: other.length, greedy: false });
    const sum = said.logprobs.reduce((total, { logprob }) => total + logprob, 0);
    expect(Math.abs((likely?.sum ?? 0) - sum)).toBeLessThan(0.02);
    expect(unlikely?.sum).toBeLessThan(sum);
  });

  test('an answer that ends at once stands for the token that is dropped', async () => {
    const bias = Object.fromEntries([...engine.tokenize(engine.info.eosText)].map((token) => [token, 100]));
    const row = [...engine.tokenize('What is the weather in Oslo', { addSpecial: true })];
    const [ended] = await score([row], [1], { logit_bias: bias });
    expect(ended?.tokens).toBe(row.length - 1);
  });

  test('texts, streamed, several, and max_tokens 0', async () => {
    const prompt = ['What is the weather', 'The ferry'];
    const body = { model: 'any', prompt, temperature: 0, max_tokens: 0, logprobs: 2, echo: true, n: 2 };
    const { choices, usage } = await client.completions.create(body);
    expect(choices.map(({ text }) => text)).toEqual([0, 0, 1, 1].map((at) => prompt[at]));
    expect(usage?.completion_tokens).toBe(0);
    for (const { logprobs, text } of choices) {
      const { tokens = [], token_logprobs: values = [], top_logprobs: top = [] } = logprobs ?? {};
      expect(tokens.length).toBe(engine.tokenize(text, { addSpecial: true }).length);
      expect([values[0], top[0]]).toEqual([null, null]);
      expect(values.slice(1).every((value) => typeof value === 'number' && value <= 0)).toBe(true);
    }
    const chunks: object[] = [];
    for await (const chunk of await client.completions.create({ ...body, stream: true })) chunks.push(...chunk.choices);
    expect(chunks).toEqual(expect.arrayContaining(choices));
  });
});

test('what is refused', async () => {
  const failure = (body: object) => client.completions.create({ ...asked, ...body } as never).catch((reason) => reason);
  expect(await failure({ prompt: 'x', best_of: 2 })).toMatchObject({ status: 400, param: 'best_of' });
  expect(await failure({ prompt: 'x', n: 200 })).toMatchObject({ status: 400, param: 'n' });
  expect(await failure({ prompt: 'x', suffix: 'y' })).toMatchObject({ status: 400, param: 'suffix' });
  expect(await failure({ prompt: 'x', logprobs: true })).toMatchObject({ status: 400, param: 'logprobs' });
  expect(await failure({ prompt: 'x', logit_bias: { 5: 101 } })).toMatchObject({ status: 400, param: 'logit_bias.5' });
  expect(await failure({ prompt: 'x', logit_bias: { 9999999: 1 } })).toMatchObject({
    status: 400,
    param: 'logit_bias.9999999',
  });
  expect(await failure({ prompt: [10 ** 9] })).toMatchObject({ status: 400, param: 'prompt' });
});

test('fields of speculative decoding have no effect, and are named', async () => {
  const body = {
    ...asked,
    prompt: 'Hello',
    max_tokens: 1,
    prediction: { type: 'content', content: 'x' },
    draft_model: 'y',
  };
  const { response } = await client.completions.create(body as never).withResponse();
  expect(response.headers.get('x-banyan-ignored')).toBe('prediction, draft_model');
});

test('a field without effect is named in a header, whatever characters its name has', async () => {
  const body = { ...asked, prompt: 'Hello', max_tokens: 1, 'wörd\n☃': 1 };
  const { response } = await client.completions.create(body).withResponse();
  expect(response.headers.get('x-banyan-ignored')).toBe('w?rd??');
});

test('tokens of a text and back', async () => {
  const post = async (path: string, body: object) => {
    const response = await fetch(`${server.url}${path}`, { method: 'POST', body: JSON.stringify(body) });
    return (await response.json()) as { tokens: number[]; count: number; content: string };
  };
  const { tokens, count } = await post('/tokenize', { content: 'Hello there' });
  expect([tokens, count]).toEqual([[...engine.tokenize('Hello there')], tokens.length]);
  expect((await post('/detokenize', { tokens })).content).toBe('Hello there');
});
