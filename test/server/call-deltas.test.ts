import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { expect, test } from 'vitest';
import { type Server, serve } from '../../src/server/serve.js';
import { type Script, type ScriptedEngine, scripted } from '../../testing/engine/scripted-engine.js';
import { callText } from '../../testing/engine/scripted-text.js';

// Calls on the wire while the model writes them: each face's events in their order, and what the official clients make of them.

const parameters = { type: 'object', properties: { a: { type: 'integer' } } };
const hello = [{ role: 'user' as const, content: 'x' }];
const call = callText('c1', 'add', '{"a":12}');
/** A text, and two calls that come in pieces. */
const STEPS = ['Well', call.slice(0, 13), '{"a"', ':12}', ']', callText('c2', 'add', '{"a":3}')];

async function served(script: Script, use: (server: Server, native: ScriptedEngine) => Promise<void>): Promise<void> {
  const { engine, native } = scripted(script);
  await using server = await serve(engine, { port: 0 });
  await use(server, native);
}

const openai = ({ url }: Server) => new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0 });
const anthropic = ({ url }: Server) => new Anthropic({ baseURL: url, apiKey: 'none', maxRetries: 0 });

/** Fields of the events of all faces. */
interface WireEvent {
  type?: string;
  index?: number;
  output_index?: number;
  delta?: string | { partial_json?: string };
  arguments?: string;
  content_block?: { type: string };
  choices?: { delta: object; finish_reason: string | null }[];
  response?: { output: object[] };
}

async function eventsOf({ url }: Server, path: string, body: object): Promise<WireEvent[]> {
  const response = await fetch(`${url}${path}`, { method: 'POST', body: JSON.stringify({ ...body, stream: true }) });
  const lines = (await response.text()).split('\n').filter((line) => line.startsWith('data: {'));
  return lines.map((line) => JSON.parse(line.slice(6)));
}

const chatTools = [{ type: 'function' as const, function: { name: 'add', description: 'adds', parameters } }];
const itemTools = [{ type: 'function' as const, name: 'add', description: 'adds', strict: false, parameters }];
const blockTools = [{ name: 'add', description: 'adds', input_schema: parameters as Anthropic.Tool.InputSchema }];

test('chat completions: head, deltas of its arguments, the next call', () =>
  served(
    () => ({ steps: [...STEPS] }),
    async (server) => {
      const chunks = await eventsOf(server, '/v1/chat/completions', { messages: hello, tools: chatTools });
      const deltas = chunks.map(({ choices }) => [choices?.[0]?.delta, choices?.[0]?.finish_reason]);
      const id = expect.stringMatching(/^call_/);
      const head = (index: number) => ({ index, id, type: 'function', function: { name: 'add', arguments: '' } });
      const more = (index: number, json: string) => ({ tool_calls: [{ index, function: { arguments: json } }] });
      expect(deltas).toEqual([
        [{ role: 'assistant', content: '' }, null],
        [{ content: 'Well' }, null],
        [{ tool_calls: [head(0)] }, null],
        [more(0, '{"a"'), null],
        [more(0, ':12}'), null],
        [{ tool_calls: [head(1)] }, null],
        [more(1, '{"a":3}'), null],
        [{}, 'tool_calls'],
      ]);
      const stream = openai(server).chat.completions.stream({ model: 'any', messages: hello, tools: chatTools });
      const seen: string[] = [];
      stream.on('tool_calls.function.arguments.delta', (delta) => seen.push(delta.arguments_delta));
      const { choices } = await stream.finalChatCompletion();
      expect(seen.filter((delta) => delta !== '')).toEqual(['{"a"', ':12}', '{"a":3}']);
      expect(choices[0]?.message.tool_calls?.map((one) => one.function.arguments)).toEqual(['{"a":12}', '{"a":3}']);
    },
  ));

test('responses: an item each, its deltas, its end', () =>
  served(
    () => ({ steps: [...STEPS] }),
    async (server) => {
      const events = await eventsOf(server, '/v1/responses', { input: 'x', tools: itemTools });
      const calls = events.filter(({ output_index: index = 0, type }) => index > 0 || type === 'response.completed');
      expect(calls.map(({ type, delta, arguments: json }) => [type, delta ?? json].filter(Boolean).join(' '))).toEqual([
        'response.output_item.added',
        'response.function_call_arguments.delta {"a"',
        'response.function_call_arguments.delta :12}',
        'response.function_call_arguments.done {"a":12}',
        'response.output_item.done',
        'response.output_item.added',
        'response.function_call_arguments.delta {"a":3}',
        'response.function_call_arguments.done {"a":3}',
        'response.output_item.done',
        'response.completed',
      ]);
      const stream = openai(server).responses.stream({ model: 'any', input: 'x', tools: itemTools });
      const snapshots: string[] = [];
      stream.on('response.function_call_arguments.delta', ({ snapshot }) => snapshots.push(snapshot));
      const { output } = await stream.finalResponse();
      expect(snapshots).toEqual(['{"a"', '{"a":12}', '{"a":3}']);
      expect(output.map((item) => (item.type === 'function_call' ? item.arguments : item.type))).toEqual([
        'message',
        '{"a":12}',
        '{"a":3}',
      ]);
    },
  ));

test('messages: a block each, its deltas, its end', () =>
  served(
    () => ({ steps: ['(hm)', ...STEPS] }),
    async (server) => {
      const body = { model: 'any', max_tokens: 99, messages: hello, tools: blockTools };
      const events = await eventsOf(server, '/v1/messages', body);
      const told = events.map(({ type, index, delta, content_block: block }) =>
        [type, index, block?.type, typeof delta === 'object' ? delta.partial_json : undefined]
          .filter((part) => part !== undefined)
          .join(' '),
      );
      expect(told.slice(told.indexOf('content_block_start 1 text'))).toEqual([
        'content_block_start 1 text',
        'content_block_delta 1',
        'content_block_stop 1',
        'content_block_start 2 tool_use',
        'content_block_delta 2 {"a"',
        'content_block_delta 2 :12}',
        'content_block_stop 2',
        'content_block_start 3 tool_use',
        'content_block_delta 3 {"a":3}',
        'content_block_stop 3',
        'message_delta',
        'message_stop',
      ]);
      const stream = anthropic(server).messages.stream(body);
      const pieces: string[] = [];
      stream.on('inputJson', (piece) => pieces.push(piece));
      const { content, stop_reason: reason } = await stream.finalMessage();
      expect([pieces, reason]).toEqual([['{"a"', ':12}', '{"a":3}'], 'tool_use']);
      expect(content.filter(({ type }) => type === 'tool_use')).toMatchObject([
        { input: { a: 12 } },
        { input: { a: 3 } },
      ]);
    },
  ));

test('a call that the limit cuts is no call: the end says so, and what it was is text', () =>
  served(
    () => ({ steps: ['[call c1 add {"a"', ':1'], end: 'length' }),
    async (server) => {
      const chat = openai(server).chat.completions;
      const { choices } = await chat.create({ model: 'any', messages: hello, tools: chatTools });
      expect(choices[0]).toMatchObject({ finish_reason: 'length', message: { role: 'assistant' } });
      expect(choices[0]?.message.tool_calls).toBeUndefined();
      const chunks = await eventsOf(server, '/v1/chat/completions', { messages: hello, tools: chatTools });
      expect(chunks.at(-1)).toMatchObject({ choices: [{ finish_reason: 'length' }] });
      const body = { model: 'any', max_tokens: 99, messages: hello, tools: blockTools };
      expect((await anthropic(server).messages.stream(body).finalMessage()).stop_reason).toBe('max_tokens');
      const whole = await openai(server).responses.create({ model: 'any', input: 'x', tools: itemTools });
      expect([whole.status, whole.output.map(({ type }) => type)]).toEqual(['incomplete', []]);
      const events = await eventsOf(server, '/v1/responses', { input: 'x', tools: itemTools });
      const last = events.at(-1);
      expect(last?.type).toBe('response.incomplete');
      expect(last?.response?.output).toMatchObject([
        { type: 'function_call', status: 'incomplete', arguments: '{"a":1' },
      ]);
    },
  ));

test('an accepted request has its status at once, however long it waits', () =>
  served(
    () => 'ok',
    async ({ url }, native) => {
      native.paused = true;
      const stop = new AbortController();
      const body = JSON.stringify({ messages: hello, stream: true });
      const response = await fetch(`${url}/v1/chat/completions`, { method: 'POST', body, signal: stop.signal });
      expect(response.status).toBe(200); // long before the first sign of life
      expect(native.requests).toHaveLength(1);
      native.resume();
      expect(await response.text()).toContain('"content":"ok"');
      stop.abort();
    },
  ));

test('a request’s id is the client’s, and the label of the engine’s request', () =>
  served(
    () => 'ok',
    async ({ url }, native) => {
      const ask = (headers: Record<string, string>) =>
        fetch(`${url}/v1/messages`, {
          method: 'POST',
          headers,
          body: JSON.stringify({ messages: hello, max_tokens: 9 }),
        });
      const { headers } = await ask({ 'x-request-id': 'trace-7' });
      expect([headers.get('x-request-id'), native.requests[0]?.label]).toEqual(['trace-7', 'trace-7']);
      const own = (await ask({ 'x-request-id': 'no name!' })).headers;
      const id = own.get('x-request-id') ?? '';
      expect([id, own.get('request-id')]).toEqual([native.requests[1]?.label, `req_${id}`]);
      expect(id).toMatch(/^[0-9a-f-]{36}$/);
    },
  ));

test('an answer that was brought to an end says so in each face', () =>
  served(
    () => ({ steps: ['{"a":1}'], shortened: true }),
    async ({ url }) => {
      const ask = async (path: string, body: object) =>
        (await fetch(`${url}${path}`, { method: 'POST', body: JSON.stringify(body) })).json();
      const mark = { banyan: { shortened: true } };
      expect(await ask('/v1/chat/completions', { messages: hello })).toMatchObject(mark);
      expect(await ask('/v1/responses', { input: 'x' })).toMatchObject(mark);
      expect(await ask('/v1/messages', { messages: hello, max_tokens: 9 })).toMatchObject(mark);
    },
  ));

test('a prompt that is too long: its numbers, where clients look for them', () =>
  served(
    () => 'ok',
    async (server) => {
      const messages = [{ role: 'user' as const, content: 'y'.repeat(100_001) }];
      const chat = openai(server).chat.completions.create({ model: 'any', messages });
      await expect(chat).rejects.toThrow(/maximum context length is 100000 tokens\..* resulted in 1000\d\d tokens/);
      const message = anthropic(server).messages.create({ model: 'any', max_tokens: 9, messages });
      await expect(message).rejects.toThrow(/prompt is too long: 1000\d\d tokens > 100000 maximum/);
    },
  ));
