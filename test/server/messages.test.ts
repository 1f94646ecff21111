import Anthropic, { APIError } from '@anthropic-ai/sdk';
import { describe, expect, test } from 'vitest';
import { type Server, serve } from '../../src/server/serve.js';
import { scripted } from '../../testing/engine/scripted-engine.js';
import { serveModel } from '../support/serve-model.js';

// Anthropic's own client against the embedded model: what it shows its callers is what is asserted.

let server: Server;
let client: Anthropic;

const clientOf = ({ url }: Server) => new Anthropic({ baseURL: url, apiKey: 'none', maxRetries: 0 });

serveModel((it) => {
  server = it.server;
  client = clientOf(server);
});

const asked = { model: 'any', max_tokens: 128, temperature: 0 };
const hello = [{ role: 'user' as const, content: 'Hello' }];
const weather: Anthropic.Tool = {
  name: 'get_weather',
  description: 'Current weather of a city',
  input_schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
};
const question = [{ role: 'user' as const, content: 'What is the weather in Oslo?' }];

test('a whole answer and its usage', async () => {
  const answer = await client.messages.create({ ...asked, messages: hello });
  expect(answer).toMatchObject({
    ...{ type: 'message', role: 'assistant', model: 'Banyan tiny', stop_reason: 'end_turn', stop_sequence: null },
    content: [{ type: 'text', text: 'Hello! How can I help?' }],
  });
  const again = await client.messages.create({ ...asked, messages: hello });
  const total = ({ usage }: Anthropic.Message) => usage.input_tokens + (usage.cache_read_input_tokens ?? 0);
  expect(total(again)).toBe(total(answer));
  expect(again.usage.cache_read_input_tokens).toBeGreaterThan(0);
});

test('a last message of the assistant is the beginning of the answer; an empty one is none', async () => {
  const said = async (content: string) => {
    const messages = [...hello, { role: 'assistant' as const, content }];
    const answer = await client.messages.create({ ...asked, messages });
    const counted = await client.messages.countTokens({ model: 'any', messages });
    expect(counted.input_tokens).toBe(answer.usage.input_tokens + (answer.usage.cache_read_input_tokens ?? 0));
    return answer.content[0]?.type === 'text' ? answer.content[0].text : '';
  };
  expect(await said('')).toBe('Hello! How can I help?');
  expect(await said('Hello!')).toBe(' How can I help?');
});

test('tools together with a schema: a call, then an answer of the schema', async () => {
  const schema = {
    ...{ type: 'object', properties: { celsius: { type: 'integer' } }, required: ['celsius'] },
    additionalProperties: false,
  };
  const body = { ...asked, tools: [weather], output_config: { format: { type: 'json_schema' as const, schema } } };
  const first = await client.messages.create({ ...body, messages: question });
  expect(first.stop_reason).toBe('tool_use');
  const use = first.content.find(({ type }) => type === 'tool_use') as Anthropic.ToolUseBlock;
  expect(use.input).toEqual({ city: 'Oslo' });
  const result = { type: 'tool_result' as const, tool_use_id: use.id, content: '{"celsius":7}' };
  const messages: Anthropic.MessageParam[] = [
    ...question,
    { role: 'assistant', content: first.content },
    { role: 'user', content: [result] },
  ];
  const answer = await client.messages.create({ ...body, messages });
  const [block] = answer.content;
  expect(JSON.parse(block?.type === 'text' ? block.text : '')).toEqual({ celsius: expect.any(Number) });
});

test('tokens are counted as they are computed, of a conversation that goes on too', async () => {
  const total = ({ usage }: Anthropic.Message) => usage.input_tokens + (usage.cache_read_input_tokens ?? 0);
  const body = { model: 'any', messages: question as Anthropic.MessageParam[], tools: [weather], system: 'Be brief.' };
  const count = async () => (await client.messages.countTokens(body)).input_tokens;
  const counted = await count();
  const first = await client.messages.create({ ...asked, ...body });
  expect(counted).toBe(total(first));
  const use = first.content.find(({ type }) => type === 'tool_use') as Anthropic.ToolUseBlock;
  const result = { type: 'tool_result' as const, tool_use_id: use.id, content: '{"celsius":7}' };
  body.messages = [...question, { role: 'assistant', content: first.content }, { role: 'user', content: [result] }];
  const next = await count();
  expect(next).toBe(total(await client.messages.create({ ...asked, ...body })));
});

test('a stream as the client puts it together', async () => {
  const stream = client.messages.stream({ ...asked, messages: hello });
  let promised = 0;
  stream.on('streamEvent', (event) => {
    if (event.type === 'message_start') promised = event.message.usage.input_tokens;
  });
  const texts: string[] = [];
  stream.on('text', (text) => texts.push(text));
  const message = await stream.finalMessage();
  expect(texts.length).toBeGreaterThan(2);
  expect(texts.join('')).toBe('Hello! How can I help?');
  expect(message).toMatchObject({ content: [{ type: 'text', text: texts.join('') }], stop_reason: 'end_turn' });
  expect(message.usage.output_tokens).toBe(8);
  expect(promised).toBe(message.usage.input_tokens + (message.usage.cache_read_input_tokens ?? 0));
});

test.each([false, true])("a tool's use, its result, and the answer made of it (streamed: %s)", async (streamed) => {
  const send = (messages: Anthropic.MessageParam[]) => {
    const body = { ...asked, messages, tools: [weather], system: [{ type: 'text' as const, text: 'Be brief.' }] };
    return streamed ? client.messages.stream(body).finalMessage() : client.messages.create(body);
  };
  const first = await send(question);
  expect(first.stop_reason).toBe('tool_use');
  const use = first.content.find(({ type }) => type === 'tool_use') as Anthropic.ToolUseBlock;
  expect(use).toMatchObject({ name: 'get_weather', input: { city: 'Oslo' } });
  const last = await send([
    ...question,
    { role: 'assistant', content: first.content },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: use.id, content: '{"celsius":7,"sky":"rain"}' }] },
  ]);
  expect(last.content).toMatchObject([{ type: 'text', text: expect.stringContaining('7') }]);
  expect(last.usage.cache_read_input_tokens).toBeGreaterThan(50);
});

test('tool choices, and no more than one call', async () => {
  for (const choice of [{ type: 'any' }, { type: 'tool', name: 'get_weather' }] as const) {
    const tool_choice = { ...choice, disable_parallel_tool_use: true };
    const { content } = await client.messages.create({ ...asked, messages: hello, tools: [weather], tool_choice });
    expect(content.map(({ type }) => type)).toEqual(['tool_use']);
  }
});

test('which stop sequence ended it', async () => {
  const answer = await client.messages.create({ ...asked, messages: hello, stop_sequences: ['never', ' help'] });
  expect(answer).toMatchObject({
    ...{ stop_reason: 'stop_sequence', stop_sequence: ' help' },
    content: [{ text: 'Hello! How can I' }],
  });
});

test('a block that is new in every request is left out of the prompt', async () => {
  const system = (id: number) => [
    { type: 'text' as const, text: `x-anthropic-billing-header: cch=${id};` },
    {
      type: 'text' as const,
      text: 'You are a helpful assistant of a ferry company. Answer politely, briefly, in English.',
    },
  ];
  const send = (id: number) => client.messages.create({ ...asked, messages: hello, system: system(id) });
  const first = await send(1);
  const second = await send(2);
  expect(second.usage.cache_read_input_tokens).toBeGreaterThan(first.usage.input_tokens - 3);
});

describe('reasoning', () => {
  const prompts: string[] = [];
  const script = (prompt: string) => {
    prompts.push(prompt);
    return { steps: ['(hm', 'm)', 'Hi'] };
  };

  test.each([false, true])('comes with a signature, and goes back with it (streamed: %s)', async (streamed) => {
    const scriptedServer = await serve(scripted(script).engine, { port: 0 });
    const own = clientOf(scriptedServer);
    const body = { ...asked, messages: hello };
    const { content } = streamed ? await own.messages.stream(body).finalMessage() : await own.messages.create(body);
    expect(content).toMatchObject([
      { type: 'thinking', thinking: 'hmm', signature: expect.stringMatching(/.{20,}/) },
      { type: 'text', text: 'Hi' },
    ]);
    const followed = [...hello, { role: 'assistant' as const, content }, { role: 'user' as const, content: 'And?' }];
    expect((await own.messages.create({ ...asked, messages: followed })).stop_reason).toBe('end_turn');
    const foreign = { type: 'thinking' as const, thinking: 'secret', signature: 'xyz' };
    const messages = [...hello, { role: 'assistant' as const, content: [foreign] }, ...hello];
    await own.messages.create({ ...asked, messages });
    expect(prompts.at(-1)).not.toContain('secret');
    await scriptedServer.close();
  });
});

test('no token of an answer: the prompt is computed, and cached for the next', async () => {
  const messages = [{ role: 'user' as const, content: 'What can you do for me today?' }];
  const warm = await client.messages.create({ ...asked, messages, max_tokens: 0 });
  expect([warm.content, warm.usage.output_tokens]).toEqual([[], 0]);
  const { usage } = await client.messages.create({ ...asked, messages });
  expect(usage.cache_read_input_tokens).toBeGreaterThanOrEqual(warm.usage.input_tokens - 1);
});

describe('what is refused says why', () => {
  test.each([
    [{ messages: [] }, 400, 'invalid_request_error', /messages/],
    [{ messages: hello, max_tokens: -1 }, 400, 'invalid_request_error', /max_tokens/],
    [{ messages: hello, tool_choice: { type: 'any' } }, 400, 'invalid_request_error', /tool_choice/],
    [
      { messages: [{ role: 'user', content: 'word '.repeat(9_000) }] },
      400,
      'invalid_request_error',
      /prompt is too long/,
    ],
    [
      { messages: [{ role: 'user', content: [{ type: 'image', source: {} }] }] },
      ...([400, 'invalid_request_error', /text only/] as const),
    ],
  ])('%#', async (body, status, type, message) => {
    for (const stream of [false, true]) {
      const failure = await client.messages.create({ ...asked, stream, ...body } as never).catch((e) => e);
      expect(failure).toBeInstanceOf(APIError);
      expect(failure).toMatchObject({ status, error: { type: 'error', error: { type } } });
      expect(failure.message).toMatch(message);
      expect(failure.requestID).toMatch(/^req_/);
    }
  });
});

test('an image in a result of a tool is named, and the loop goes on', async () => {
  const messages: Anthropic.MessageParam[] = [
    ...question,
    { role: 'assistant', content: [{ type: 'tool_use', id: 't1', name: 'get_weather', input: { city: 'Oslo' } }] },
    {
      role: 'user',
      content: [
        { type: 'tool_result', tool_use_id: 't1', is_error: true, content: [{ type: 'image', source: {} as never }] },
        { type: 'text', text: 'So?' },
      ],
    },
  ];
  const { stop_reason: reason } = await client.messages.create({ ...asked, messages, tools: [weather] });
  expect(['end_turn', 'tool_use']).toContain(reason);
});
