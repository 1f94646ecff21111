import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Agent } from '../../src/agent/agent.js';
import { defineTool } from '../../src/agent/tool.js';
import { Engine } from '../../src/engine/engine.js';
import type { EngineOptions } from '../../src/engine/engine-options.js';
import { type Server, serve } from '../../src/server/serve.js';
import { GEMMA3_TEMPLATE, realModel } from '../../testing/models/real-models.js';
import { codeOf } from '../support/expect-code.js';

// Trained models behind every route, with the official clients: none of the two larger ones was made for tools.

const [smollm2, gemma3] = await Promise.all([realModel('smollm2'), realModel('gemma3')]);
const MODELS: [name: string, options: EngineOptions, toolFormat: string][] = [
  ['the embedded model', {}, 'template'],
  ...(smollm2 ? [['SmolLM2-135M-Instruct', { model: smollm2 }, 'banyan'] satisfies (typeof MODELS)[number]] : []),
  ...(gemma3
    ? [['Gemma 3 270M', { model: gemma3, chatTemplate: GEMMA3_TEMPLATE }, 'banyan'] satisfies (typeof MODELS)[number]]
    : []),
];

const SYSTEM = 'You help people to plan a walk. Answer in a few words.';
const QUESTION = 'What is the weather in Oslo?';
const model = 'any';
const temperature = 0;
const MOST = 16;
const CALL = 48;
const parameters = {
  type: 'object' as const,
  properties: { city: { type: 'string', maxLength: 12 } },
  required: ['city'],
  additionalProperties: false,
};
const description = 'Current weather of a city';
const isCall = (json: string) => expect(JSON.parse(json)).toEqual({ city: expect.any(String) });
const RESULT = '{"celsius":7}';

async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const list: Item[] = [];
  for await (const item of items) list.push(item);
  return list;
}

describe.each(MODELS)('%s', { timeout: 120_000 }, (_name, options, toolFormat) => {
  let engine: Engine;
  let server: Server;
  let openai: OpenAI;
  let anthropic: Anthropic;
  beforeAll(async () => {
    engine = await Engine.load({ kvTokens: 8_192, maxContext: 2_048, threads: 1, ...options });
    server = await serve(engine, { port: 0 });
    openai = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'none', maxRetries: 0 });
    anthropic = new Anthropic({ baseURL: server.url, apiKey: 'none', maxRetries: 0 });
  }, 120_000);
  afterAll(async () => {
    await server.close();
    await engine.close();
  });

  test('says whose format of tools it uses', () => {
    expect(engine.info).toMatchObject({ toolFormat, supportsTools: true });
  });

  test('chat completions, whole and streamed', async () => {
    const messages = [
      { role: 'system' as const, content: SYSTEM },
      { role: 'user' as const, content: QUESTION },
    ];
    const body = { model, temperature, messages, max_tokens: MOST };
    const { choices, usage } = await openai.chat.completions.create(body);
    expect(choices[0]?.message.content).toMatch(/\S/);
    expect(choices[0]?.finish_reason).toBe(usage?.completion_tokens === MOST ? 'length' : 'stop');
    const stream_options = { include_usage: true };
    const chunks = await all(await openai.chat.completions.create({ ...body, stream: true, stream_options }));
    expect(chunks.map(({ choices: [one] }) => one?.delta.content ?? '').join('')).toMatch(/\S/);
    expect(chunks.at(-1)?.usage?.prompt_tokens).toBe(usage?.prompt_tokens);
  });

  test('completions', async () => {
    const { choices, usage } = await openai.completions.create({
      model,
      temperature,
      prompt: 'Once upon',
      max_tokens: 8,
    });
    expect(choices[0]?.text).toMatch(/\S/);
    expect(usage?.completion_tokens).toBeLessThanOrEqual(8);
  });

  test('responses, whole and streamed, one going on from the other', async () => {
    const body = { model, temperature, instructions: SYSTEM, max_output_tokens: MOST };
    const first = await openai.responses.create({ ...body, input: QUESTION });
    expect(first.output_text).toMatch(/\S/);
    const next = { ...body, input: 'And in Bergen?', previous_response_id: first.id };
    const events = await all(await openai.responses.create({ ...next, stream: true }));
    const deltas = events.map((event) => (event.type === 'response.output_text.delta' ? event.delta : '')).join('');
    const last = events.at(-1);
    if (last?.type !== 'response.completed' && last?.type !== 'response.incomplete') throw new Error(last?.type);
    const [item] = last.response.output;
    expect(item?.type === 'message' && item.content[0]).toMatchObject({ type: 'output_text', text: deltas });
    expect(last.response.usage?.input_tokens_details.cached_tokens).toBeGreaterThan(0);
  });

  test('messages, whole and streamed, counted before', async () => {
    const messages = [{ role: 'user' as const, content: QUESTION }];
    const body = { model, system: SYSTEM, messages };
    const counted = (await anthropic.messages.countTokens(body)).input_tokens;
    const asked = { ...body, temperature, max_tokens: MOST };
    for (const answer of [
      await anthropic.messages.create(asked),
      await anthropic.messages.stream(asked).finalMessage(),
    ]) {
      expect(answer.content[0]).toMatchObject({ type: 'text', text: expect.stringMatching(/\S/) });
      expect(answer.usage.input_tokens + (answer.usage.cache_read_input_tokens ?? 0)).toBe(counted);
    }
  });

  test('tokenize and detokenize', async () => {
    const post = async (path: string, body: object) =>
      (await fetch(`${server.url}${path}`, { method: 'POST', body: JSON.stringify(body) })).json();
    const content = 'Seven kilometres, naïve café 🙂.';
    const { tokens } = (await post('/tokenize', { content })) as { tokens: number[] };
    expect(await post('/detokenize', { tokens })).toMatchObject({ content });
  });

  test('a call and its result through chat completions, streamed', async () => {
    const tools = [{ type: 'function' as const, function: { name: 'get_weather', description, parameters } }];
    const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: QUESTION }];
    const body = { model, temperature, tools, max_tokens: CALL };
    const stream = openai.chat.completions.stream({ ...body, messages, tool_choice: 'required' });
    const { message, finish_reason } = (await stream.finalChatCompletion()).choices[0] as OpenAI.ChatCompletion.Choice;
    expect(finish_reason).toBe('tool_calls');
    const [call] = message.tool_calls ?? [];
    if (call?.type !== 'function') throw new Error('no call');
    isCall(call.function.arguments);
    messages.push(message, { role: 'tool', tool_call_id: call.id, content: RESULT });
    const { choices } = await openai.chat.completions.create({
      ...body,
      messages,
      tool_choice: 'none',
      max_tokens: MOST,
    });
    expect(choices[0]?.message).toMatchObject({ role: 'assistant', content: expect.stringMatching(/\S/) });
  });

  test('a call and its result through responses', async () => {
    const tools = [{ type: 'function' as const, name: 'get_weather', description, strict: true, parameters }];
    const body = { model, temperature, tools, max_output_tokens: CALL };
    const first = await openai.responses.create({ ...body, input: QUESTION, tool_choice: 'required' });
    const call = first.output.find((item) => item.type === 'function_call');
    isCall(call?.arguments ?? '');
    const input = [{ type: 'function_call_output' as const, call_id: call?.call_id ?? '', output: RESULT }];
    const then = { previous_response_id: first.id, tool_choice: 'none' as const, max_output_tokens: MOST };
    const next = { ...body, ...then, input };
    expect((await openai.responses.create(next)).output_text).toMatch(/\S/);
  });

  test('a call and its result through messages, streamed', async () => {
    const tools = [{ name: 'get_weather', description, input_schema: parameters }];
    const messages: Anthropic.MessageParam[] = [{ role: 'user', content: QUESTION }];
    const body = { model, temperature, tools, max_tokens: CALL };
    const stream = anthropic.messages.stream({ ...body, messages, tool_choice: { type: 'any' } });
    const { content, stop_reason } = await stream.finalMessage();
    expect(stop_reason).toBe('tool_use');
    const use = content.find((block) => block.type === 'tool_use');
    expect(use?.input).toEqual({ city: expect.any(String) });
    const result = { type: 'tool_result' as const, tool_use_id: use?.id ?? '', content: RESULT };
    messages.push({ role: 'assistant', content }, { role: 'user', content: [result] });
    const then = { messages, tool_choice: { type: 'none' as const }, max_tokens: MOST };
    const answer = await anthropic.messages.create({ ...body, ...then });
    expect(answer.content[0]).toMatchObject({ type: 'text', text: expect.stringMatching(/\S/) });
  });

  test('tools together with a schema: what was asked for is known, so the answer is JSON of it', async () => {
    const tools = [{ name: 'get_weather', description, parameters }];
    const schema = { ...parameters, properties: { celsius: { type: 'integer' } }, required: ['celsius'] };
    const call = { id: 'call00000', name: 'get_weather', arguments: '{"city": "Oslo"}', input: { city: 'Oslo' } };
    const known = [
      { role: 'user' as const, content: QUESTION },
      { role: 'assistant' as const, content: '', toolCalls: [call] },
      { role: 'tool' as const, toolCallId: call.id, name: call.name, content: RESULT },
    ];
    const { object, toolCalls } = await engine.generate(known, { tools, schema, temperature, maxTokens: CALL });
    expect(toolCalls).toEqual([]);
    expect(object).toEqual({ celsius: expect.any(Number) });
  });

  test('an agent with tools, over HTTP', async () => {
    const cities: string[] = [];
    const run = (input: { city: string }) => {
      cities.push(input.city);
      return RESULT;
    };
    const tool = { function: run, parse: JSON.parse, name: 'get_weather', description, parameters };
    const runner = openai.chat.completions.runTools(
      {
        ...{ model, temperature, max_tokens: CALL, tool_choice: 'required' },
        messages: [{ role: 'user', content: QUESTION }],
        tools: [{ type: 'function', function: tool }],
      },
      { maxChatCompletions: 2 },
    );
    await runner.done();
    expect(cities).toEqual([expect.any(String), expect.any(String)]);
    expect(runner.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'assistant', 'tool']);
  });

  test('an agent with tools, in this process', async () => {
    const cities: string[] = [];
    const weather = defineTool({
      ...{ name: 'get_weather', description, input: parameters },
      execute: (input) => {
        cities.push((input as { city: string }).city);
        return { celsius: 7 };
      },
    });
    const settings = { tools: [weather], system: SYSTEM, maxTokens: CALL, temperature, limits: { maxSteps: 2 } };
    const agent = new Agent({ engine, ...settings, forceTools: 1 });
    const { steps, stopReason } = await agent.run(QUESTION);
    expect(cities.length).toBeGreaterThanOrEqual(1);
    expect(steps[0]?.tools[0]).toMatchObject({ ok: true, content: RESULT });
    expect(stopReason).toMatch(/^(answer|max-tokens|max-steps)$/);
    for (const [index, { usage }] of steps.entries()) {
      const before = steps[index - 1]?.usage;
      // Of a cut answer the last token is not computed; windows of Gemma may keep less than all, never nothing.
      if (before) expect(usage.cachedTokens).toBeGreaterThanOrEqual(before.promptTokens - 1);
    }
  });
});

test.runIf(gemma3)('a base model has no template, and gets no tools without one', async () => {
  await using engine = await Engine.load({ model: gemma3, kvTokens: 2_048, threads: 1 });
  expect(engine.info).toMatchObject({ hasChatTemplate: false, toolFormat: 'none' });
  const tool = defineTool({ name: 'look', description, input: parameters, execute: () => '' });
  expect(await codeOf(() => new Agent({ engine, tools: [tool] }))).toBe('MODEL_UNSUPPORTED');
  expect((await engine.generate('Once upon', { maxTokens: 2 })).tokens).toHaveLength(2);
});
