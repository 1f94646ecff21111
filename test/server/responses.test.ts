import { once } from 'node:events';
import { connect } from 'node:net';
import OpenAI, { APIError } from 'openai';
import { zodTextFormat } from 'openai/helpers/zod';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { ResponseStore } from '../../src/server/responses/store.js';
import { type Server, serve } from '../../src/server/serve.js';
import { scripted } from '../../testing/engine/scripted-engine.js';
import { callText } from '../../testing/engine/scripted-text.js';
import { servingScript } from '../../testing/engine/serving.js';
import { serveModel } from '../support/serve-model.js';

// OpenAI's own client against the embedded model.

let server: Server;
let client: OpenAI;

const clientOf = ({ url }: Server) => new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0 });

serveModel((it) => {
  server = it.server;
  client = clientOf(server);
});

const asked = { model: 'any', temperature: 0 };
const weather: OpenAI.Responses.FunctionTool = {
  ...{ type: 'function', name: 'get_weather', description: 'Current weather of a city', strict: true },
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
};
const question = 'What is the weather in Oslo?';

async function eventsOf(body: object, of = client): Promise<OpenAI.Responses.ResponseStreamEvent[]> {
  const stream = await of.responses.create({ ...asked, ...body, stream: true } as never);
  const events: OpenAI.Responses.ResponseStreamEvent[] = [];
  for await (const event of stream as unknown as AsyncIterable<OpenAI.Responses.ResponseStreamEvent>)
    events.push(event);
  return events;
}

test('a whole response, kept for a while', async () => {
  const response = await client.responses.create({ ...asked, input: 'Hello' });
  expect(response).toMatchObject({ object: 'response', status: 'completed', output_text: 'Hello! How can I help?' });
  expect(response.usage?.total_tokens).toBe((response.usage?.input_tokens ?? 0) + (response.usage?.output_tokens ?? 0));
  expect((await client.responses.retrieve(response.id)).output).toEqual(response.output);
  const { data } = await client.responses.inputItems.list(response.id);
  expect(data).toMatchObject([{ role: 'user', content: 'Hello' }]);
  await client.responses.delete(response.id);
  await expect(client.responses.retrieve(response.id)).rejects.toMatchObject({ status: 404 });
});

test('an answer that was cut goes on, and with it the conversation is one answer', async () => {
  const goesOn = { ...asked, continue_final_message: true };
  const cut = await client.responses.create({ ...asked, input: 'Hello', max_output_tokens: 16 });
  const begun = await client.responses.create({ ...asked, input: 'Hello', max_output_tokens: 2 });
  expect(begun).toMatchObject({ status: 'incomplete', output_text: 'Hello!' });
  const rest = await client.responses.create({ ...goesOn, previous_response_id: begun.id, input: [] } as never);
  expect(rest).toMatchObject({ status: 'completed', output_text: ' How can I help?' });
  const ask = async (id: string) => {
    const body = { ...asked, input: question, previous_response_id: id, max_output_tokens: 1 };
    return (await client.responses.create(body)).usage?.input_tokens;
  };
  expect(await ask(rest.id)).toBe(await ask(cut.id));

  const message = { type: 'message', role: 'assistant', content: 'Hello!' };
  const input = [{ role: 'user', content: 'Hello' }, message];
  expect(await client.responses.create({ ...goesOn, input } as never)).toMatchObject({
    output_text: ' How can I help?',
  });
  const wrong = client.responses.create({ ...goesOn, input: 'Hello' } as never);
  await expect(wrong).rejects.toMatchObject({ status: 400 });
});

test('tools together with a schema: a call, then an answer of the schema', async () => {
  const format = zodTextFormat(z.object({ celsius: z.number().int() }), 'weather');
  const body = { ...asked, tools: [weather], text: { format } };
  const first = await client.responses.create({ ...body, input: question });
  const [call] = first.output;
  expect(call).toMatchObject({ type: 'function_call', name: 'get_weather', arguments: '{"city": "Oslo"}' });
  if (call?.type !== 'function_call') return;
  const output = { type: 'function_call_output' as const, call_id: call.call_id, output: '{"celsius":7}' };
  const next = { ...body, input: [output], previous_response_id: first.id };
  expect((await client.responses.parse(next)).output_parsed).toEqual({ celsius: expect.any(Number) });
});

test('the events of a stream, in their order, numbered, each item as it ends in the response', async () => {
  const events = await eventsOf({ input: 'Hello' });
  expect(events.map(({ sequence_number }) => sequence_number)).toEqual(events.map((_, index) => index));
  expect(events.map(({ type }) => type).filter((type, index, all) => type !== all[index - 1])).toEqual([
    'response.created',
    'response.in_progress',
    'response.output_item.added',
    'response.content_part.added',
    'response.output_text.delta',
    'response.output_text.done',
    'response.content_part.done',
    'response.output_item.done',
    'response.completed',
  ]);
  const [created, last] = [events[0], events.at(-1)] as OpenAI.Responses.ResponseCreatedEvent[];
  expect(last?.response.id).toBe(created?.response.id);
  const done = events.filter((event) => event.type === 'response.output_item.done').map(({ item }) => item);
  expect(last?.response.output).toEqual(done);
  expect((await client.responses.retrieve(last?.response.id ?? '')).output).toEqual(done);
});

test.each([false, true])(
  'a call, its output by previous_response_id, and the answer (streamed: %s)',
  async (streamed) => {
    const send = (body: object) => {
      const all = { ...asked, tools: [weather], ...body } as OpenAI.Responses.ResponseCreateParamsNonStreaming;
      return streamed ? client.responses.stream(all as never).finalResponse() : client.responses.create(all);
    };
    const first = await send({ input: question });
    const call = first.output.find(({ type }) => type === 'function_call') as OpenAI.Responses.ResponseFunctionToolCall;
    expect([call.name, JSON.parse(call.arguments)]).toEqual(['get_weather', { city: 'Oslo' }]);
    const output = { type: 'function_call_output', call_id: call.call_id, output: '{"celsius":7,"sky":"rain"}' };
    const kept = await send({ input: [output], previous_response_id: first.id });
    expect(kept.output_text).toContain('7');
    expect(kept.usage?.input_tokens_details?.cached_tokens).toBeGreaterThan(50);

    const echoed = await send({ input: [{ role: 'user', content: question }, ...first.output, output] });
    expect(echoed.output_text).toBe(kept.output_text);
  },
);

test('structured output as the client parses it', async () => {
  const format = zodTextFormat(z.object({ subject: z.enum(['units', 'weather', 'notes']) }), 'subject');
  const { output_parsed: parsed } = await client.responses.parse({ ...asked, input: question, text: { format } });
  expect(['units', 'weather', 'notes']).toContain(parsed?.subject);
});

test('an answer that is cut says so', async () => {
  const response = await client.responses.create({ ...asked, input: 'Hello', max_output_tokens: 2 });
  expect(response).toMatchObject({ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } });
});

test('tools of other kinds: namespaces are opened, free text is a call of its own, hosted ones are left out', async () => {
  const tools = [
    { type: 'web_search' },
    { type: 'namespace', name: 'n', tools: [weather] },
    { type: 'custom', name: 'run_code', description: 'Runs code' },
  ];
  const body = { ...asked, input: 'Hello', tools, tool_choice: { type: 'custom', name: 'run_code' } };
  const { data, response } = await client.responses.create(body as never).withResponse();
  expect(data.output).toMatchObject([{ type: 'custom_tool_call', name: 'run_code', input: expect.any(String) }]);
  expect(response.headers.get('x-banyan-ignored')).toContain('web_search');
  const types = (await eventsOf(body)).map(({ type }) => type);
  expect(types).toContain('response.custom_tool_call_input.done');
});

describe('tools in namespaces', () => {
  const search = { type: 'function', name: 'search', description: 'Searches', parameters: { type: 'object' } };
  const namespaces = ['mail', 'web'].map((name) => ({ type: 'namespace', name, description: name, tools: [search] }));
  const call = callText('c', 'web__search', '{"text":"x"}');

  test.each([
    ['of the request', { tools: namespaces, items: [] }],
    [
      'that an item brings',
      { tools: undefined, items: [{ type: 'additional_tools', role: 'developer', tools: namespaces }] },
    ],
  ])('%s: a call says which, whole and streamed, and goes back as it was', async (_name, { tools, items }) => {
    const prompts: string[] = [];
    await using own = await servingScript((prompt) => {
      prompts.push(prompt);
      return prompt.includes('<|tool|>') ? 'done' : { steps: ['Well', call.slice(0, 20), call.slice(20)] };
    });
    const input = [...items, { role: 'user', content: 'Hello' }];
    const events = await eventsOf({ input, tools }, clientOf(own.server));
    const done = events.filter(({ type }) => type === 'response.output_item.done').at(-1);
    const wanted = { type: 'function_call', namespace: 'web', name: 'search', arguments: '{"text":"x"}' };
    expect(done).toMatchObject({ item: wanted });
    const whole = await clientOf(own.server).responses.create({ ...asked, input, tools } as never);
    expect(whole.output.at(-1)).toMatchObject(wanted);

    const { call_id } = whole.output.at(-1) as OpenAI.Responses.ResponseFunctionToolCall;
    const result = { type: 'function_call_output', call_id, output: 'found' };
    const echoed = { ...asked, input: [...input, ...whole.output, result], tools };
    const answer = await clientOf(own.server).responses.create(echoed as never);
    expect(prompts.at(-1)).toContain('[call'); // under its own name, by exact continuation
    expect(answer.usage?.input_tokens_details.cached_tokens).toBeGreaterThanOrEqual(whole.usage?.total_tokens ?? 0);
    const next = { ...asked, input: [result], tools, previous_response_id: whole.id };
    const kept = await clientOf(own.server).responses.create(next as never);
    expect(kept.output_text).toBe('done');
    expect(prompts.at(-1)).toContain('mail__search');
  });

  test('one is chosen with its namespace or without it', async () => {
    await using own = await servingScript(() => callText('c', 'mail__search', '{}'));
    for (const namespace of ['mail', undefined]) {
      const tool_choice = { type: 'function', name: 'search', namespace };
      const body = { ...asked, input: 'Hello', tools: namespaces, tool_choice };
      const { output } = await clientOf(own.server).responses.create(body as never);
      expect(output).toMatchObject([{ namespace: 'mail', name: 'search' }]);
    }
  });
});

test('an item may stand for one of a stored answer; one that is not kept is refused, one of a foreign kind is named', async () => {
  const prompts: string[] = [];
  await using own = await servingScript((prompt) => {
    prompts.push(prompt);
    return 'Hi there';
  });
  const it = clientOf(own.server);
  const { output } = await it.responses.create({ ...asked, input: 'Hello' });
  const more = { role: 'user', content: 'And?' };
  const reference = { type: 'item_reference', id: output[0]?.id };
  for (const item of [reference, { id: reference.id }]) {
    await it.responses.create({ ...asked, input: [{ role: 'user', content: 'Hello' }, item, more] } as never);
    expect(prompts.at(-1)).toMatch(/Hello.*Hi there.*And\?/s);
  }
  const unknown = it.responses.create({ ...asked, input: [{ ...reference, id: 'msg_0' }, more] } as never);
  await expect(unknown).rejects.toMatchObject({ status: 400, code: 'item_not_found', param: 'input[0].id' });
  const foreign = { ...asked, input: [{ type: 'web_search_call', id: 'ws_1' }, more] };
  const { response } = await it.responses.create(foreign as never).withResponse();
  expect(response.headers.get('x-banyan-ignored')).toBe('input[0] (web_search_call)');
});

test('who asks for a WebSocket is sent to POST at once', async () => {
  const head = `GET /v1/responses HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`;
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1', () => socket.write(head));
  const [answer] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  expect(String(answer)).toMatch(/^HTTP\/1.1 426 .*no_websocket/s);
});

describe('a model that reasons', () => {
  test('its reasoning is an item, and goes back sealed, whole or by the stored response', async () => {
    const prompts: string[] = [];
    const { engine: reasoning } = scripted((prompt) => {
      prompts.push(prompt);
      return { steps: ['(hm', 'm)', 'Hi'] };
    });
    await using own = await serve(reasoning, { port: 0 });
    const events = await eventsOf({ input: 'Hello' }, clientOf(own));
    const { response } = events.at(-1) as OpenAI.Responses.ResponseCompletedEvent;
    expect(response.output).toMatchObject([
      { type: 'reasoning', content: [{ text: 'hmm' }], encrypted_content: expect.stringContaining('.') },
      { type: 'message', content: [{ text: 'Hi' }] },
    ]);
    const foreign = { type: 'reasoning' as const, id: 'x', summary: [], encrypted_content: 'gAAAA.c2VjcmV0' };
    const input = [{ role: 'user' as const, content: 'Hello' }, ...response.output, foreign] as never[];
    expect((await clientOf(own).responses.create({ ...asked, input })).status).toBe('completed');
    expect(prompts.at(-1)).not.toContain('secret');
  });

  test('a failure in the middle is an event, and the last one', async () => {
    const error = { code: 'STEP_FAILED', message: 'out of device memory' };
    await using own = await serve(scripted(() => ({ steps: ['Hel'], error })).engine, { port: 0 });
    const events = await eventsOf({ input: 'Hello' }, clientOf(own));
    expect(events.at(-1)).toMatchObject({
      type: 'response.failed',
      response: { status: 'failed', error: { code: 'step_failed', message: 'out of device memory' } },
    });
  });
});

describe('what is refused says where and why', () => {
  test.each([
    [{ input: [{ role: 'wizard', content: 'x' }] }, 'input', 'invalid_request'],
    [{ input: 'Hello', previous_response_id: 'resp_0' }, 'previous_response_id', 'previous_response_not_found'],
    [{ input: 'Hello', background: true }, 'background', 'invalid_request'],
    [{ input: 'Hello', tool_choice: 'required' }, 'tool_choice', 'invalid_request'],
    [
      { input: [{ role: 'user', content: [{ type: 'input_image', image_url: 'x' }] }] },
      ...(['input[0].content[0]', 'unsupported_content'] as const),
    ],
  ])('%#', async (body, param, code) => {
    for (const stream of [false, true]) {
      const failure = await client.responses.create({ ...asked, stream, ...body } as never).catch((e) => e);
      expect(failure).toBeInstanceOf(APIError);
      expect(failure).toMatchObject({ status: 400, param: expect.stringContaining(param), code });
    }
  });

  test('what was not to be stored is not', async () => {
    const { id } = await client.responses.create({ ...asked, input: 'Hello', store: false });
    await expect(client.responses.retrieve(id)).rejects.toMatchObject({ status: 404 });
  });
});

test('the store keeps a thousand for an hour', () => {
  let now = 0;
  const store = new ResponseStore(() => now);
  const put = (id: string) => store.put({ response: { id }, input: [], conversation: [], brought: [] });
  for (let index = 0; index < 1_001; index++) put(`r${index}`);
  expect([store.get('r0'), store.get('r1')?.response.id]).toEqual([undefined, 'r1']);
  now = 3_600_001;
  expect(store.get('r1000')).toBeUndefined();
  put('late');
  expect(store.get('late')?.response.id).toBe('late');
});
