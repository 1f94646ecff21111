import OpenAI, { APIError } from 'openai';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Engine } from '../../src/engine/engine.js';
import type { Server } from '../../src/server/serve.js';
import { serveModel } from '../support/serve-model.js';

// OpenAI's own client against the embedded model: what it shows its callers is what is asserted.

let engine: Engine;
let server: Server;
let client: OpenAI;

serveModel((it) => {
  ({ engine, server } = it);
  client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'none', maxRetries: 0 });
});

const model = 'any';
const hello = [{ role: 'user' as const, content: 'Hello' }];
const weather = {
  type: 'function' as const,
  function: {
    name: 'get_weather',
    description: 'Current weather of a city',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
};
const asked = [{ role: 'user' as const, content: 'What is the weather in Oslo?' }];

test('a whole answer and its usage', async () => {
  const answer = await client.chat.completions.create({ model, messages: hello, temperature: 0 });
  expect(answer).toMatchObject({
    object: 'chat.completion',
    model: 'Banyan tiny',
    choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'Hello! How can I help?' } }],
  });
  const { usage } = answer;
  expect(usage?.total_tokens).toBe((usage?.prompt_tokens ?? 0) + (usage?.completion_tokens ?? 0));
});

test('continue_final_message: the answer goes on with the last message', async () => {
  const messages = [...hello, { role: 'assistant' as const, content: 'Hello!' }];
  const body = { model, messages, temperature: 0, continue_final_message: true };
  const { choices } = await client.chat.completions.create(body);
  expect(choices[0]?.message.content).toBe(' How can I help?');
  const late = client.chat.completions.create({ ...body, messages: hello });
  await expect(late).rejects.toMatchObject({ status: 400, param: 'messages' });
});

test('a stream: the role first, then the text, then the end; usage only when it was asked for', async () => {
  const chunks = await chunksOf({ messages: hello, stream_options: { include_usage: true } });
  expect(chunks[0]?.choices[0]?.delta).toEqual({ role: 'assistant', content: '' });
  expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toBe('Hello! How can I help?');
  expect(chunks.at(-2)?.choices[0]).toMatchObject({ delta: {}, finish_reason: 'stop' });
  expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: 8 } });
  expect(chunks.slice(0, -1).every(({ usage }) => usage === null)).toBe(true);

  const plain = await chunksOf({ messages: hello });
  expect(plain.at(-1)?.choices[0]?.finish_reason).toBe('stop');
  expect(plain.some((chunk) => 'usage' in chunk)).toBe(false);
});

test("a tool's call, its result, and the answer made of it", async () => {
  const first = await client.chat.completions.create({ model, messages: asked, tools: [weather], temperature: 0 });
  const { message, finish_reason: reason } = first.choices[0] as OpenAI.ChatCompletion.Choice;
  expect({ reason, content: message.content }).toEqual({ reason: 'tool_calls', content: null });
  const [call] = message.tool_calls as OpenAI.ChatCompletionMessageFunctionToolCall[];
  expect(call?.function.name).toBe('get_weather');
  expect(JSON.parse(call?.function.arguments ?? '')).toEqual({ city: 'Oslo' });

  const result = { role: 'tool' as const, tool_call_id: call?.id ?? '', content: '{"celsius":7,"sky":"light rain"}' };
  const messages = [...asked, message, result];
  const last = await client.chat.completions.create({ model, messages, tools: [weather], temperature: 0 });
  expect(last.choices[0]?.message.content).toContain('7');
  expect(last.usage?.prompt_tokens_details?.cached_tokens).toBeGreaterThan(50);
});

test('a streamed call: its head, its arguments, the reason of the end', async () => {
  const chunks = await chunksOf({ messages: asked, tools: [weather], tool_choice: 'required' });
  const calls = chunks.flatMap(({ choices }) => choices[0]?.delta.tool_calls ?? []);
  expect(calls[0]).toMatchObject({ index: 0, type: 'function', function: { name: 'get_weather', arguments: '' } });
  expect(calls[0]?.id).toMatch(/^call_/);
  expect(JSON.parse(calls.map((call) => call.function?.arguments ?? '').join(''))).toHaveProperty('city');
  expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe('tool_calls');
});

test('the same tools run by the client itself', async () => {
  const runner = client.chat.completions.runTools({
    ...{ model, messages: asked, temperature: 0 },
    tools: [
      { type: 'function', function: { ...weather.function, parse: JSON.parse, function: () => '{"celsius":7}' } },
    ],
  });
  expect(await runner.finalContent()).toContain('7');
});

test('structured output of a JSON schema', async () => {
  const schema = z.toJSONSchema(z.object({ subject: z.enum(['units', 'weather', 'notes']) }));
  const answer = await client.chat.completions.create({
    ...{ model, messages: asked, temperature: 0 },
    response_format: { type: 'json_schema', json_schema: { name: 'subject', schema, strict: true } },
  });
  expect(['units', 'weather', 'notes']).toContain(JSON.parse(answer.choices[0]?.message.content ?? '').subject);
});

test('logprobs of each token and its alternatives', async () => {
  const answer = await client.chat.completions.create({
    ...{ model, messages: hello, temperature: 0 },
    ...{ logprobs: true, top_logprobs: 2 },
  });
  const [first] = answer.choices[0]?.logprobs?.content ?? [];
  expect(first).toMatchObject({ token: 'Hello', bytes: [...Buffer.from('Hello')] });
  expect(first?.top_logprobs).toHaveLength(2);
});

test('what other clients send beside: parts, developer, null, results without a name', async () => {
  const messages = [
    { role: 'developer', content: [{ type: 'text', text: 'Be brief.' }] },
    { role: 'user', content: [{ type: 'text', text: 'What is the weather in Oslo?' }] },
    {
      role: 'assistant',
      content: null,
      tool_calls: [{ function: { name: 'get_weather', arguments: { city: 'Oslo' } } }],
    },
    {
      role: 'tool',
      content: [
        { type: 'image_url', image_url: { url: 'x' } },
        { type: 'text', text: '{"celsius":7}' },
      ],
    },
    { role: 'assistant', content: '' },
  ];
  const { data, response } = await client.chat.completions
    .create({ model, messages, tools: [weather], temperature: 0, user: 'me', max_tokens: 4 } as never)
    .withResponse();
  expect(data.choices[0]?.finish_reason).toBe('length');
  expect(response.headers.get('x-banyan-ignored')).toBe('user');
});

test('n answers: the prompt is computed and counted once, and each goes on by itself', async () => {
  const system = 'You know everything about ferries and weather. '.repeat(20);
  const messages = [{ role: 'system' as const, content: system }, ...hello];
  const wild = { temperature: 2, top_k: 0, top_p: 1, min_p: 0 }; // the embedded model is sure of itself: this makes seeds matter
  const body = { model, messages, ...wild, seed: 11, max_tokens: 6 };
  const before = await engine.stats();
  const { choices, usage } = await client.chat.completions.create({ ...body, n: 3 });
  const { prefillTokens } = await engine.stats();
  expect(new Set(choices.map(({ message }) => message.content)).size).toBeGreaterThan(1);
  expect(prefillTokens - before.prefillTokens).toBeLessThan(1.5 * (usage?.prompt_tokens ?? 0));
  const one = await client.chat.completions.create(body);
  expect(usage?.prompt_tokens).toBe(one.usage?.prompt_tokens);
  for (const { message } of choices) {
    const next = [...messages, message, { role: 'user' as const, content: 'And then?' }];
    const { usage: of } = await client.chat.completions.create({ model, messages: next, max_tokens: 1 });
    expect(of?.prompt_tokens_details?.cached_tokens).toBeGreaterThan((usage?.prompt_tokens ?? 0) - 40);
  }
});

test('max_tokens 0 warms the cache for the question that follows', async () => {
  const messages = [{ role: 'user' as const, content: 'Tell me something about a long way to go. '.repeat(20) }];
  const warm = await client.chat.completions.create({ model, messages, max_tokens: 0 });
  expect(warm.choices[0]).toMatchObject({ finish_reason: 'length', message: { content: '' } });
  expect(warm.usage?.completion_tokens).toBe(0);
  const { usage } = await client.chat.completions.create({ model, messages, max_tokens: 1 });
  expect(usage?.prompt_tokens_details?.cached_tokens).toBe((usage?.prompt_tokens ?? 0) - 1);
});

test('max_tokens 0 is no turn: a conversation with its empty answer in it still has the question', async () => {
  const messages = [{ role: 'user' as const, content: 'How far is it from the harbour to the old town on foot?' }];
  await client.chat.completions.create({ model, messages, max_tokens: 0 });
  const next = [
    ...messages,
    { role: 'assistant' as const, content: '' },
    { role: 'user' as const, content: 'And by bus?' },
  ];
  const { usage } = await client.chat.completions.create({ model, messages: next, max_tokens: 1 });
  expect(usage?.prompt_tokens).toBe(await engine.countTokens(next));
});

test('logit_bias: what is banned is not said', async () => {
  const { choices } = await client.chat.completions.create({ model, messages: hello, temperature: 0, max_tokens: 4 });
  const bias = Object.fromEntries([...engine.tokenize(choices[0]?.message.content ?? '')].map((id) => [id, -100]));
  const other = await client.chat.completions.create({
    model,
    messages: hello,
    temperature: 0,
    max_tokens: 4,
    logit_bias: bias,
  });
  expect(other.choices[0]?.message.content).not.toBe(choices[0]?.message.content);
});

describe('what is refused says where and why', () => {
  test.each([
    [{ messages: [] }, 400, 'messages', 'invalid_request'],
    [{ messages: [{ role: 'wizard', content: 'x' }] }, 400, 'messages[0].role', 'invalid_request'],
    [{ messages: hello, temperature: 9 }, 400, 'temperature', 'invalid_request'],
    [{ messages: hello, n: 129 }, 400, 'n', 'invalid_request'],
    [{ messages: hello, logprobs: 5 }, 400, 'logprobs', 'invalid_request'],
    [{ messages: hello, logit_bias: { 5: -101 } }, 400, 'logit_bias.5', 'invalid_option'],
    [{ messages: hello, tool_choice: 'required' }, 400, 'tool_choice', 'invalid_request'],
    [
      { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'x' } }] }] },
      ...([400, 'messages[0].content[0]', 'unsupported_content'] as const),
    ],
    [
      { messages: hello, tools: [{ type: 'function', function: { ...weather.function, name: '' } }] },
      ...([400, 'tools[0].function.name', 'invalid_option'] as const),
    ],
    [{ messages: [{ role: 'user', content: 'word '.repeat(9_000) }] }, 400, 'messages', 'context_length_exceeded'],
  ])('%#', async (body, status, param, code) => {
    for (const stream of [false, true]) {
      const failure = await client.chat.completions.create({ model, stream, ...body } as never).catch((e) => e);
      expect(failure).toBeInstanceOf(APIError);
      expect(failure).toMatchObject({ status, param, code });
    }
  });

  test('a route that is not there', async () => {
    await expect(client.images.generate({ prompt: 'x' })).rejects.toMatchObject({ status: 404, code: 'not_found' });
  });
});

test('models', async () => {
  const [only] = (await client.models.list()).data;
  expect(only).toMatchObject({ id: 'Banyan tiny', object: 'model', max_model_len: 8192 });
  expect((await client.models.retrieve('gpt-5')).id).toBe('Banyan tiny');
});

test('a client that leaves ends its request', async () => {
  const stream = await client.chat.completions.create({ model, messages: hello, stream: true, max_tokens: 4_000 });
  for await (const _ of stream) break; // leaves the loop: the SDK closes the connection
  await expect.poll(async () => (await engine.stats()).running).toBe(0);
});

async function chunksOf(body: object): Promise<OpenAI.ChatCompletionChunk[]> {
  const stream = await client.chat.completions.create({ model, temperature: 0, ...body, stream: true } as never);
  const chunks: OpenAI.ChatCompletionChunk[] = [];
  for await (const chunk of stream as unknown as AsyncIterable<OpenAI.ChatCompletionChunk>) chunks.push(chunk);
  return chunks;
}
