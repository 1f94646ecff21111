import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Engine } from '../../src/engine/engine.js';
import { type Server, serve } from '../../src/server/serve.js';

// Why a prompt was not found in the cache, told where the client hears it.

let engine: Engine;
let server: Server;
let client: Anthropic;

beforeAll(async () => {
  engine = await Engine.load();
  server = await serve(engine, { port: 0 });
  client = new Anthropic({ baseURL: server.url, apiKey: 'none', maxRetries: 0 });
});

afterAll(async () => {
  await server.close();
  await engine.close();
});

const weather = (description: string): Anthropic.Tool => ({
  name: 'get_weather',
  description,
  input_schema: { type: 'object', properties: { city: { type: 'string' } } },
});
const SYSTEM = 'You answer for a ferry company.\nToday is 2026-11-25.\nBe brief, and be polite to each of our guests.';
const first: Anthropic.MessageCreateParamsNonStreaming = {
  ...{ model: 'any', max_tokens: 16, temperature: 0, system: SYSTEM, tools: [weather('Weather of a city')] },
  messages: [{ role: 'user', content: 'Good morning, which ferries leave today?' }],
};
const more = (answer: Anthropic.Message, question = 'And tomorrow?'): Anthropic.MessageParam[] => [
  ...first.messages,
  { role: 'assistant', content: answer.content },
  { role: 'user', content: question },
];

/** A second request that names the first one. */
async function diagnosed(change: (answer: Anthropic.Message) => Partial<typeof first>) {
  const answer = await client.messages.create({ ...first, diagnostics: { previous_message_id: null } });
  expect(answer.diagnostics).toBeNull();
  const body = { ...first, ...change(answer), diagnostics: { previous_message_id: answer.id } };
  const { data, response } = await client.messages.create(body).withResponse();
  const streamed = client.messages.stream(body);
  const header = (await streamed.withResponse()).response.headers.get('x-banyan-cache');
  await streamed.finalMessage();
  return {
    reason: data.diagnostics?.cache_miss_reason,
    header: response.headers.get('x-banyan-cache') ?? '',
    streamed: header,
  };
}

describe('by the id of the message before', () => {
  test('a conversation that only goes on has no reason', async () => {
    const { reason, header } = await diagnosed((answer) => ({ messages: more(answer) }));
    expect(reason).toBeUndefined();
    expect(header).toMatch(/^prompt=\d+, cached=\d+, computed=\d+, miss=[a-z-]+$/);
    const [, prompt, cached, computed] = /prompt=(\d+), cached=(\d+), computed=(\d+)/.exec(header) ?? [];
    expect(Number(cached) + Number(computed)).toBe(Number(prompt));
    expect(Number(computed)).toBeLessThan(40);
  });

  test.each([
    ['tools_changed', () => ({ tools: [weather('Weather of any city')] }), 'changed=tools, at="get_weather"'],
    ['tools_changed', () => ({ tools: [] }), 'changed=tools, at="get_weather"'],
    [
      'system_changed',
      () => ({ system: SYSTEM.replace('25', '26') }),
      'changed=system, line=2, text="Today is 2026-11-26.", volatile=date',
    ],
    [
      'messages_changed',
      (answer: Anthropic.Message) => ({
        messages: [{ role: 'user' as const, content: 'Hi' }, ...more(answer).slice(1)],
      }),
      'changed=messages, at="messages[0]"',
    ],
  ])('%s', async (type, change, told) => {
    const { reason, header, streamed } = await diagnosed(change);
    expect(reason).toMatchObject({ type, cache_missed_input_tokens: expect.any(Number) });
    expect(header).toContain(told);
    expect(streamed).toContain(told);
  });

  test('tokens that were missed are those of the prompt before that were not read', async () => {
    const changed = { ...first, system: `Now ${SYSTEM}` };
    const answer = await client.messages.create(first);
    const prompt = (await client.messages.countTokens(first)).input_tokens;
    const next = await client.messages.create({ ...changed, diagnostics: { previous_message_id: answer.id } });
    const missed = prompt - (next.usage.cache_read_input_tokens ?? 0);
    expect(next.diagnostics?.cache_miss_reason).toEqual({ type: 'system_changed', cache_missed_input_tokens: missed });
  });

  test('a message that is not known, and one that was lost to others', async () => {
    const unknown = await client.messages.create({ ...first, diagnostics: { previous_message_id: 'msg_none' } });
    expect(unknown.diagnostics).toEqual({ cache_miss_reason: { type: 'previous_message_not_found' } });
    const answer = await client.messages.create(first);
    await engine.clearCache();
    const body = { ...first, messages: more(answer), diagnostics: { previous_message_id: answer.id } };
    const { data, response } = await client.messages.create(body).withResponse();
    expect(data.diagnostics).toEqual({ cache_miss_reason: { type: 'unavailable' } });
    expect(response.headers.get('x-banyan-cache')).toMatch(/cached=0, .*miss=cold$/);
  });

  test('at the end of a stream', async () => {
    const answer = await client.messages.create(first);
    const body = { ...first, tools: [], diagnostics: { previous_message_id: answer.id } };
    const reasons: unknown[] = [];
    for await (const event of await client.messages.create({ ...body, stream: true })) {
      if (event.type === 'message_delta') reasons.push((event as { diagnostics?: unknown }).diagnostics);
    }
    expect(reasons).toMatchObject([{ cache_miss_reason: { type: 'tools_changed' } }]);
  });
});

test("without an id: by the run's or the conversation's first question, on OpenAI's faces too", async () => {
  const openai = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'none', maxRetries: 0 });
  const chat = (system: string, run?: string) =>
    openai.chat.completions
      .create(
        {
          ...{ model: 'any', max_tokens: 4, temperature: 0 },
          messages: [
            { role: 'system', content: system },
            { role: 'user', content: 'Is there a ferry at noon?' },
          ],
        },
        { headers: run === undefined ? {} : { 'x-banyan-program': run } },
      )
      .withResponse()
      .then(({ response }) => response.headers.get('x-banyan-cache') ?? '');
  expect(await chat('Session id: 1')).not.toContain('changed');
  expect(await chat('Session id: 2')).toContain('changed=system, line=1, text="Session id: 2", volatile=id');
  expect(await chat('Session id: 3', 'another')).not.toContain('changed');
  const { response } = await openai.responses
    .create({ model: 'any', max_output_tokens: 4, instructions: 'Session id: 4', input: 'Is there a ferry at noon?' })
    .withResponse();
  expect(response.headers.get('x-banyan-cache')).toContain('text="Session id: 4"');
});

test('what was in the request before is never shown, and a text is no place for a header', async () => {
  const ask = (system: string) =>
    client.messages
      .create({ model: 'any', max_tokens: 1, system, messages: [{ role: 'user', content: 'Header, please' }] })
      .withResponse();
  await ask('secret "of another"\r\nx: y');
  const header = (await ask('né"w\\\r\nx: y')).response.headers.get('x-banyan-cache') ?? '';
  expect(header).not.toContain('secret');
  expect(header).toContain('text="n?\\"w\\\\?"');
});
