import { expect, test } from 'vitest';
import type { Server } from '../../src/server/serve.js';
import { serveModel } from '../support/serve-model.js';

// Fields that the public schemas require of every answer, also where Banyan has nothing to say: clients with generated types
// read them without asking. The public suites of test/conformance check all of them; these are the ones that were missing.

let server: Server;
serveModel((it) => {
  ({ server } = it);
});

interface Answer {
  usage: object;
  content: object[];
  choices: { message: { annotations: unknown } }[];
}

async function answer(path: string, body: object): Promise<Answer> {
  const response = await fetch(`${server.url}${path}`, { method: 'POST', body: JSON.stringify(body) });
  expect(response.status).toBe(200);
  return (await response.json()) as Answer;
}

const messages = [{ role: 'user', content: 'Hello' }];

test('a response says what it was made with, and when it ended', async () => {
  const tools = [{ type: 'function', name: 'get_weather' }];
  const made = await answer('/v1/responses', { input: 'Hello', tools, tool_choice: 'none' });
  expect(made).toMatchObject({
    ...{ temperature: 0.8, top_p: 0.95, presence_penalty: 0, frequency_penalty: 0, top_logprobs: 0 },
    ...{ background: false, service_tier: 'default', max_tool_calls: null, prompt_cache_key: null },
    ...{ safety_identifier: null, completed_at: expect.any(Number) },
    tools: [{ type: 'function', name: 'get_weather', description: null, parameters: null, strict: false }],
  });
  const cut = await answer('/v1/responses', { input: 'Hello', max_output_tokens: 2, temperature: 0.5 });
  expect(cut).toMatchObject({ status: 'incomplete', completed_at: null, temperature: 0.5 });
});

test('a message has what only a cloud can fill, empty', async () => {
  const tools = [{ name: 'get_weather', input_schema: { type: 'object', properties: { city: { type: 'string' } } } }];
  const body = { max_tokens: 64, messages, tools, tool_choice: { type: 'any' } };
  const made = await answer('/v1/messages', body);
  expect(made).toMatchObject({ container: null, stop_details: null, usage: { service_tier: 'standard' } });
  for (const field of ['cache_creation', 'inference_geo', 'output_tokens_details', 'server_tool_use']) {
    expect(made.usage).toHaveProperty(field);
  }
  expect(made.content.at(-1)).toMatchObject({ type: 'tool_use', caller: { type: 'direct' } });
});

test('a chat completion has its annotations, and null in a part of a message is as good as absent', async () => {
  const said = { role: 'assistant', content: [{ type: 'text', text: 'Hello!', refusal: null }] };
  const made = await answer('/v1/chat/completions', { messages: [...messages, said, ...messages] });
  expect(made.choices[0]?.message.annotations).toEqual([]);
});
