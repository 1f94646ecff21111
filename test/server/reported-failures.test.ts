import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { describe, expect, test } from 'vitest';
import { Engine } from '../../src/engine/engine.js';
import { type Server, serve } from '../../src/server/serve.js';
import { type Script, scripted } from '../../testing/engine/scripted-engine.js';
import { callText } from '../../testing/engine/scripted-text.js';
import { randomBert } from '../../testing/models/bert-model.js';
import { serveModel } from '../support/serve-model.js';

// What users of local servers report most often, each by its name. Those with tests of their own elsewhere are named there.

let server: Server;

serveModel((it) => {
  server = it.server;
});

const openai = ({ url }: Server) => new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0 });
const anthropic = ({ url }: Server) => new Anthropic({ baseURL: url, apiKey: 'none', maxRetries: 0 });
const hello = [{ role: 'user' as const, content: 'Hello' }];
const asked = { model: 'any', temperature: 0 };
const NOTHING = { type: 'object', properties: {}, additionalProperties: false };
const tool = (name: string, parameters: object = NOTHING) => ({
  type: 'function' as const,
  function: { name, description: name, parameters: parameters as Record<string, unknown> },
});

/** A server of a scripted model, and the prompts that the model saw. */
async function withScript(script: Script) {
  const prompts: string[] = [];
  const { engine: model, native } = scripted((prompt, request) => {
    prompts.push(prompt);
    return script(prompt, request);
  });
  const own = await serve(model, { port: 0 });
  return { server: own, native, prompts, [Symbol.asyncDispose]: () => own.close() };
}

describe('messages as clients send them', () => {
  test('a system message in the middle stays where it is, also on templates that refuse it', async () => {
    const messages = [
      ...hello,
      { role: 'assistant', content: 'Hi' },
      { role: 'system', content: 'Now in Danish.' },
      ...hello,
    ];
    const answer = await openai(server).chat.completions.create({ ...asked, messages } as never);
    expect((answer as OpenAI.ChatCompletion).choices[0]?.finish_reason).toBe('stop');

    await using it = await withScript(() => 'ok');
    await openai(it.server).chat.completions.create({ ...asked, messages } as never);
    expect(it.prompts[0]?.indexOf('Danish')).toBeGreaterThan(it.prompts[0]?.indexOf('Hi') ?? 0);
  });

  test('the developer role is the system role', async () => {
    await using it = await withScript(() => 'ok');
    const send = (role: string) =>
      openai(it.server).chat.completions.create({ ...asked, messages: [{ role, content: 'x' }, ...hello] } as never);
    await send('system');
    await send('developer');
    expect(it.prompts[1]).toBe(it.prompts[0]);
  });

  test('content that is null, absent, empty or in parts', async () => {
    await using it = await withScript(() => 'ok');
    const calls = [{ id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } }];
    const result = {
      role: 'tool',
      tool_call_id: 'a',
      content: [
        { type: 'text', text: '1' },
        { type: 'text', text: '2' },
      ],
    };
    for (const said of [{ content: null }, {}, { content: '' }, { content: [] }]) {
      const messages = [...hello, { role: 'assistant', tool_calls: calls, ...said }, result];
      await openai(it.server).chat.completions.create({ ...asked, messages, tools: [tool('f')] } as never);
    }
    expect(new Set(it.prompts).size).toBe(1);
    expect(it.prompts[0]).toContain('12');
  });

  test('broken arguments in the history kill no conversation', async () => {
    const broken = { id: 'a', type: 'function', function: { name: 'get_time', arguments: '{"city": "Os' } };
    const messages = [
      ...hello,
      { role: 'assistant', content: null, tool_calls: [broken] },
      { role: 'tool', tool_call_id: 'a', content: 'invalid JSON' },
    ];
    const body = { ...asked, messages, tools: [tool('get_time')] };
    expect(await openai(server).chat.completions.create(body as never)).toHaveProperty('choices');
  });

  test('an empty assistant message at the end is dropped', async () => {
    await using it = await withScript(() => 'ok');
    await openai(it.server).chat.completions.create({ ...asked, messages: hello });
    const trailing = [...hello, { role: 'assistant' as const, content: '' }];
    await openai(it.server).chat.completions.create({ ...asked, messages: trailing });
    expect(it.prompts[1]).toBe(it.prompts[0]);
  });

  test('unknown fields and beta headers are ignored, and named', async () => {
    const body = { ...asked, messages: hello, max_tokens: 8, context_management: {}, container: 'x' };
    const { response } = await anthropic(server)
      .messages.create(body as never, { headers: { 'anthropic-beta': 'some-2026' } })
      .withResponse();
    expect(response.headers.get('x-banyan-ignored')).toBe('context_management, container');
  });

  test('any name of a model is served, and the real one is told', async () => {
    const { model } = await openai(server).chat.completions.create({
      ...asked,
      model: 'claude-haiku',
      messages: hello,
    });
    expect(model).toBe('Banyan tiny');
  });
});

describe('tools as clients send them', () => {
  test('indexes count, and ids are unique over a conversation', async () => {
    await using it = await withScript(() => callText('c', 'f', '{}') + callText('c', 'g', '{}'));
    const calls: OpenAI.ChatCompletionChunk.Choice.Delta.ToolCall[] = [];
    for (let turn = 0; turn < 2; turn++) {
      const tools = [tool('f'), tool('g')];
      const stream = await openai(it.server).chat.completions.create({
        ...asked,
        messages: hello,
        tools,
        stream: true,
      });
      for await (const chunk of stream) calls.push(...(chunk.choices[0]?.delta.tool_calls ?? []));
    }
    const heads = calls.filter(({ id }) => id !== undefined);
    expect(heads.map(({ index }) => index)).toEqual([0, 1, 0, 1]);
    expect(new Set(heads.map(({ id }) => id)).size).toBe(4);
  });

  test.each(['stop', 'tool-calls', 'length'] as const)('the reason of the end follows the calls (%s)', async (end) => {
    await using it = await withScript(() => ({ steps: [callText('c', 'f', '{}')], end }));
    const client = openai(it.server);
    const withCall = await client.chat.completions.create({ ...asked, messages: hello, tools: [tool('f')] });
    expect(withCall.choices[0]?.finish_reason).toBe('tool_calls');
    await using other = await withScript(() => ({ steps: ['no call'], end: end === 'tool-calls' ? 'stop' : end }));
    const without = await openai(other.server).chat.completions.create({
      ...asked,
      messages: hello,
      tools: [tool('f')],
    });
    expect(without.choices[0]?.finish_reason).toBe(end === 'length' ? 'length' : 'stop');
  });

  test('tools together with a response schema: a call, then an answer of the schema, streamed too', async () => {
    const city = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
    const weather = tool('get_weather', { ...city, additionalProperties: false });
    const schema = { ...city, properties: { city: { enum: ['Oslo', 'Bergen'] } }, additionalProperties: false };
    const response_format = { type: 'json_schema' as const, json_schema: { name: 'answer', schema } };
    const body = { ...asked, tools: [weather], response_format };
    const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: 'What is the weather in Oslo?' }];
    const first = (await openai(server).chat.completions.create({ ...body, messages })).choices[0];
    expect(first?.finish_reason).toBe('tool_calls');
    const call = first?.message.tool_calls?.[0];
    expect(call).toMatchObject({ function: { name: 'get_weather', arguments: '{"city": "Oslo"}' } });
    const content = '{"celsius":7,"sky":"light rain"}';
    messages.push(first?.message as OpenAI.ChatCompletionMessage, {
      role: 'tool',
      tool_call_id: call?.id ?? '',
      content,
    });
    const stream = openai(server).chat.completions.stream({ ...body, messages });
    const { choices } = await stream.finalChatCompletion();
    expect(choices[0]?.finish_reason).toBe('stop');
    expect(JSON.parse(choices[0]?.message.content ?? '')).toEqual({ city: expect.stringMatching(/^(Oslo|Bergen)$/) });
  });

  test("one tool's odd schema does not make every request fail, and is told", async () => {
    const odd = tool('odd', { type: 'object', properties: { x: { type: 'string', pattern: '(?<=a)b(?R)' } } });
    const body = { ...asked, messages: hello, tools: [tool('get_time'), odd] };
    const { data, response } = await openai(server).chat.completions.create(body).withResponse();
    expect(data.choices[0]?.finish_reason).toBeDefined();
    expect(response.headers.get('x-banyan-normalized')).toContain('tools[1].parameters');
  });

  test('names with dots and long names: the model has another one, the client its own', async () => {
    const long = `mcp.server.${'x'.repeat(100)}`;
    const body = { ...asked, messages: hello, tools: [tool(long)], max_tokens: 256 };
    const forced = { tool_choice: { type: 'function' as const, function: { name: long } } };
    const { choices } = await openai(server).chat.completions.create({ ...body, ...forced });
    expect(choices[0]?.message.tool_calls).toMatchObject([{ function: { name: long } }]);

    const messages = [
      ...hello,
      choices[0]?.message,
      { role: 'tool', tool_call_id: choices[0]?.message.tool_calls?.[0]?.id, content: '1' },
    ];
    const goesOn = { ...body, messages, max_tokens: 16 };
    expect(await openai(server).chat.completions.create(goesOn as never)).toHaveProperty('choices');
  });

  test.each([
    ['required', 'f', 'g'],
    [{ type: 'function', function: { name: 'g' } }, 'g'],
    [
      {
        type: 'allowed_tools',
        allowed_tools: { mode: 'required', tools: [{ type: 'function', function: { name: 'g' } }] },
      },
      'g',
    ],
  ])('a tool choice is kept: %j', async (tool_choice, ...allowed) => {
    const tools = [tool('f'), tool('g')];
    const body = { ...asked, messages: hello, tools, tool_choice, parallel_tool_calls: false };
    const { choices } = await openai(server).chat.completions.create(
      body as OpenAI.ChatCompletionCreateParamsNonStreaming,
    );
    const calls = choices[0]?.message.tool_calls as OpenAI.ChatCompletionMessageFunctionToolCall[];
    expect(calls).toHaveLength(1);
    expect(allowed).toContain(calls[0]?.function.name);
  });
});

describe('streams', () => {
  test('reasoning comes as reasoning_content, and is taken back under both names', async () => {
    await using it = await withScript(() => ({ steps: ['(hmm)', 'Hi'] }));
    const { choices } = await openai(it.server).chat.completions.create({ ...asked, messages: hello });
    expect(choices[0]?.message).toMatchObject({ reasoning_content: 'hmm', content: 'Hi' });
    for (const field of ['reasoning', 'reasoning_content']) {
      const messages = [...hello, { role: 'assistant', content: 'Hi', [field]: 'hmm' }, ...hello];
      expect(await openai(it.server).chat.completions.create({ ...asked, messages } as never)).toHaveProperty(
        'choices',
      );
    }
  });

  test('a Responses stream has a last event, also when the server stops', async () => {
    const { engine: model, native } = scripted(() => 'Hi');
    const own = await serve(model, { port: 0, drainMs: 10, keepAliveMs: 10 });
    native.paused = true;
    const stream = await openai(own).responses.create({ ...asked, input: 'Hello', stream: true });
    const closed = own.close();
    await expect.poll(() => native.cancelled.length).toBe(1);
    native.resume();
    const types: string[] = [];
    for await (const { type } of stream) types.push(type);
    await closed;
    expect(types.at(-1)).toBe('response.failed');
  });

  test('silence during a long prompt: each face gives its own sign of life, and it stays one request', async () => {
    const { engine: model, native } = scripted(() => 'Hi');
    await using own = await serve(model, { port: 0, keepAliveMs: 10 });
    native.paused = true;
    const bodies: [string, object, string][] = [
      ['/v1/chat/completions', { messages: hello, stream: true }, ': ping\n\n'],
      ['/v1/messages', { messages: hello, max_tokens: 8, stream: true }, 'event: ping\n'],
      ['/v1/responses', { input: 'Hello', stream: true }, 'event: keepalive\n'],
    ];
    const texts = bodies.map(async ([path, body, sign]) => {
      const response = await fetch(`${own.url}${path}`, { method: 'POST', body: JSON.stringify(body) });
      const reader = (response.body as ReadableStream<Uint8Array>).getReader();
      let text = '';
      while (text.split(sign).length < 4) text += Buffer.from((await reader.read()).value ?? []).toString();
      await reader.cancel();
      return text;
    });
    await Promise.all(texts);
    expect(native.requests).toHaveLength(3);
    native.resume();
  });
});

describe('limits', () => {
  test('a context that overflows is told in the words that clients shorten their conversations for', async () => {
    const messages = [{ role: 'user' as const, content: 'word '.repeat(9_000) }];
    const failure = await openai(server)
      .chat.completions.create({ ...asked, messages })
      .catch((reason) => reason);
    expect(failure).toMatchObject({ status: 400, code: 'context_length_exceeded' });
    const other = await anthropic(server)
      .messages.create({ ...asked, max_tokens: 8, messages })
      .catch((reason) => reason);
    expect(other.message).toMatch(/prompt is too long: .*9\d\d\d tokens/);
  });

  test('max_tokens beyond the context is no error', async () => {
    const { choices } = await openai(server).chat.completions.create({
      ...asked,
      messages: hello,
      max_tokens: 10 ** 6,
    });
    expect(choices[0]?.message.content).toBe('Hello! How can I help?');
  });

  test('embeddings of a chat model are refused, not made up; those of an embedding model are no zeros to the SDK, which asks for base64', async () => {
    await expect(openai(server).embeddings.create({ model: 'any', input: 'x' })).rejects.toMatchObject({
      status: 400,
      code: 'model_unsupported',
    });
    await using embedder = await Engine.load({ model: randomBert({ pooling: 'mean' }), threads: 1 });
    await using own = await serve(embedder, { port: 0 });
    const { data } = await openai(own).embeddings.create({ model: 'any', input: 'x' });
    const length = data[0]?.embedding.reduce((sum, number) => sum + number * number, 0);
    expect(length).toBeCloseTo(1, 5);
  });
});
