import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { expect, test } from 'vitest';
import { Engine } from '../../src/engine/engine.js';
import { serve } from '../../src/server/serve.js';
import { llamaTemplates } from '../../testing/models/llama-templates.js';

// Clients that send their whole conversation each time: only what is new is computed, to a page, whatever the template makes of
// the history. CONTINUATION=all tries every template.

const WIDE = process.env.CONTINUATION === 'all';
const FEW = [
  'Qwen3-Coder',
  'Hermes-2-Pro',
  'gpt-oss',
  'DeepSeek-V3.1',
  'Mistral-Small',
  'Kimi-K2',
  'gemma-2-2b',
  'Phi-3.5',
];
const TEMPLATES = llamaTemplates().filter(([name]) => WIDE || FEW.some((few) => name.includes(few)));
const PAGE = 32;
const parameters = { type: 'object', properties: { city: { type: 'string', maxLength: 12 } }, required: ['city'] };
const SYSTEM =
  'You are a helpful assistant of a ferry company. Answer politely and briefly, and use your tools for numbers.';
const ANSWER_TOKENS = 24;

/** What a turn had to compute beyond its new tokens: those of its prompt that the conversation did not end with. */
interface Turn {
  prompt: number;
  cached: number;
  output: number;
}

function expectLinear(turns: readonly Turn[], name: string): void {
  for (const [index, { prompt, cached }] of turns.entries()) {
    if (index === 0) continue;
    const before = turns[index - 1] as Turn;
    expect(cached, `${name}, turn ${index}: of ${prompt} tokens`).toBeGreaterThan(before.prompt + before.output - PAGE);
  }
}

type Face = (url: string, turns: Turn[]) => Promise<void>;
const TURNS = 4;

const chat: Face = async (url, turns) => {
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0 });
  const messages: OpenAI.ChatCompletionMessageParam[] = [
    { role: 'system', content: SYSTEM },
    { role: 'user', content: 'What is the weather in Oslo?' },
  ];
  const tools = [{ type: 'function' as const, function: { name: 'get_weather', parameters } }];
  for (let turn = 0; turn < TURNS; turn++) {
    const body = { model: 'any', messages, tools, max_tokens: ANSWER_TOKENS, temperature: 0.8, seed: turn };
    const tool_choice = turn % 2 === 0 ? ('required' as const) : ('none' as const);
    const { choices, usage } = await client.chat.completions.create({ ...body, tool_choice });
    turns.push({
      prompt: usage?.prompt_tokens ?? 0,
      cached: usage?.prompt_tokens_details?.cached_tokens ?? 0,
      output: usage?.completion_tokens ?? 0,
    });
    const message = choices[0]?.message as OpenAI.ChatCompletionMessage;
    messages.push(message);
    for (const { id } of message.tool_calls ?? [])
      messages.push({ role: 'tool', tool_call_id: id, content: `{"n":${turn}}` });
    if (!message.tool_calls) messages.push({ role: 'user', content: `And tomorrow, in ${turn} days?` });
  }
};

const messages: Face = async (url, turns) => {
  const client = new Anthropic({ baseURL: url, apiKey: 'none', maxRetries: 0 });
  const said: Anthropic.MessageParam[] = [{ role: 'user', content: 'What is the weather in Oslo?' }];
  const tools = [{ name: 'get_weather', input_schema: parameters as Anthropic.Tool.InputSchema }];
  for (let turn = 0; turn < TURNS; turn++) {
    const tool_choice = { type: turn % 2 === 0 ? ('any' as const) : ('none' as const) };
    const body = { model: 'any', system: SYSTEM, messages: said, tools, tool_choice, max_tokens: ANSWER_TOKENS };
    const { content, usage } = await client.messages.create(body);
    const cached = usage.cache_read_input_tokens ?? 0;
    turns.push({ prompt: usage.input_tokens + cached, cached, output: usage.output_tokens });
    const uses = content.filter((block) => block.type === 'tool_use');
    const results = uses.map(({ id }) => ({ type: 'tool_result' as const, tool_use_id: id, content: `{"n":${turn}}` }));
    said.push({ role: 'assistant', content: content.length > 0 ? content : '(nothing)' });
    said.push({ role: 'user', content: results.length > 0 ? results : `And tomorrow, in ${turn} days?` });
  }
};

const responses: Face = async (url, turns) => {
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0 });
  const tools = [{ type: 'function' as const, name: 'get_weather', strict: false, parameters }];
  let input: OpenAI.Responses.ResponseInput = [{ role: 'user', content: 'What is the weather in Oslo?' }];
  let previous: string | null = null;
  for (let turn = 0; turn < TURNS; turn++) {
    const tool_choice = turn % 2 === 0 ? ('required' as const) : ('none' as const);
    const body = { model: 'any', instructions: SYSTEM, input, tools, tool_choice, max_output_tokens: ANSWER_TOKENS };
    const response: OpenAI.Responses.Response = await client.responses.create({
      ...body,
      previous_response_id: previous,
    });
    const { usage } = response;
    turns.push({
      prompt: usage?.input_tokens ?? 0,
      cached: usage?.input_tokens_details.cached_tokens ?? 0,
      output: usage?.output_tokens ?? 0,
    });
    previous = response.id;
    const calls = response.output.filter((item) => item.type === 'function_call');
    input = calls.map(({ call_id }) => ({ type: 'function_call_output' as const, call_id, output: `{"n":${turn}}` }));
    if (calls.length === 0) input = [{ role: 'user', content: `And tomorrow, in ${turn} days?` }];
  }
};

test.each(TEMPLATES)('%s', { timeout: 60_000 }, async (name, chatTemplate) => {
  await using engine = await Engine.load({ chatTemplate });
  await using server = await serve(engine, { port: 0 });
  for (const face of [chat, messages, responses]) {
    await engine.clearCache();
    const turns: Turn[] = [];
    await face(server.url, turns);
    expectLinear(turns, name);
  }
});

test('a conversation that the client changed is rendered anew, and answered as if it were new', async () => {
  await using engine = await Engine.load();
  await using server = await serve(engine, { port: 0 });
  const client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'none', maxRetries: 0 });
  const ask = async (history: OpenAI.ChatCompletionMessageParam[]) =>
    (await client.chat.completions.create({ model: 'any', messages: history, temperature: 0 })).choices[0]?.message;
  const hello = { role: 'user' as const, content: 'Hello' };
  const first = await ask([hello]);
  const changed = { role: 'assistant' as const, content: `${first?.content} Or not.` };
  const after = [hello, changed, { role: 'user' as const, content: 'Thanks' }];
  const direct = await engine.generate(after, { temperature: 0 });
  expect((await ask(after))?.content).toBe(direct.text);
});
