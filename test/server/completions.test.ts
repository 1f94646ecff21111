import OpenAI from 'openai';
import { expect, test } from 'vitest';
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

test('logprobs in the older shape', async () => {
  const { choices } = await client.completions.create({ ...asked, prompt: 'Hello', max_tokens: 3, logprobs: 2 });
  const { tokens = [], token_logprobs: values, top_logprobs: top, text_offset: at } = choices[0]?.logprobs ?? {};
  expect([tokens.length, values?.length, top?.length]).toEqual([3, 3, 3]);
  expect(at).toEqual([0, tokens[0]?.length, (tokens[0]?.length ?? 0) + (tokens[1]?.length ?? 0)]);
});

test('what is refused', async () => {
  const failure = (body: object) => client.completions.create({ ...asked, ...body } as never).catch((reason) => reason);
  expect(await failure({ prompt: 'x', n: 2 })).toMatchObject({ status: 400, param: 'n' });
  expect(await failure({ prompt: 'x', suffix: 'y' })).toMatchObject({ status: 400, param: 'suffix' });
  expect(await failure({ prompt: [10 ** 9] })).toMatchObject({ status: 400 });
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
