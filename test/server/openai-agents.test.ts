import { Agent, OpenAIProvider, Runner, tool } from '@openai/agents';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Engine } from '../../src/engine/engine.js';
import type { Server } from '../../src/server/serve.js';
import { serveModel } from '../support/serve-model.js';

// OpenAI's agents, with both of its models, against the embedded model.

let engine: Engine;
let server: Server;
serveModel((it) => {
  ({ engine, server } = it);
});

const get_weather = tool({
  name: 'get_weather',
  description: 'Current weather of a city',
  parameters: z.object({ city: z.string() }),
  execute: async ({ city }) => JSON.stringify({ city, celsius: 7, sky: 'light rain' }),
});
const modelSettings = { temperature: 0 };
const question = 'What is the weather in Oslo?';
const answer = 'It is 7 degrees in Oslo, light rain.';

describe.each([
  ['chat completions', false],
  ['responses', true],
])('%s', (_, useResponses) => {
  const runner = () =>
    new Runner({
      modelProvider: new OpenAIProvider({ baseURL: `${server.url}/v1`, apiKey: 'none', useResponses }),
      tracingDisabled: true,
    });

  test('an answer and its usage', async () => {
    const result = await runner().run(new Agent({ name: 'a', model: 'any', modelSettings }), 'Hello');
    expect(result.finalOutput).toBe('Hello! How can I help?');
    expect(result.state.usage.outputTokens).toBeGreaterThan(3);
  });

  test('a loop of tools, and a second turn with the history', async () => {
    const agent = new Agent({ name: 'a', model: 'any', modelSettings, tools: [get_weather] });
    const result = await runner().run(agent, question);
    expect(result.finalOutput).toBe(answer);
    expect(result.newItems.map(({ type }) => type)).toEqual([
      ...['tool_call_item', 'tool_call_output_item', 'message_output_item'],
    ]);
    const more = await runner().run(agent, [...result.history, { role: 'user', content: 'And in Bergen?' }]);
    expect(typeof more.finalOutput).toBe('string');
  });

  test('a stream: its pieces are the answer, its calls are told', async () => {
    const agent = new Agent({ name: 'a', model: 'any', modelSettings, tools: [get_weather] });
    const result = await runner().run(agent, question, { stream: true });
    let text = '';
    const items: string[] = [];
    for await (const event of result) {
      if (event.type === 'run_item_stream_event') items.push(event.name);
      if (event.type === 'raw_model_stream_event' && event.data.type === 'output_text_delta') text += event.data.delta;
    }
    await result.completed;
    expect(result.finalOutput).toBe(answer);
    expect(text).toBe(answer);
    expect(items).toEqual(['tool_called', 'tool_output', 'message_output_created']);
  });

  test('a handoff: the tool that is forced hands the conversation over', async () => {
    const weather = new Agent({
      name: 'Weather',
      handoffDescription: 'Knows the weather',
      model: 'any',
      modelSettings,
      tools: [get_weather],
    });
    const triage = Agent.create({
      ...{ name: 'Triage', instructions: 'Hand over.', model: 'any', handoffs: [weather] },
      modelSettings: { ...modelSettings, toolChoice: 'transfer_to_Weather' },
    });
    const result = await runner().run(triage, question);
    expect(result.lastAgent?.name).toBe('Weather');
    expect(typeof result.finalOutput).toBe('string');
  });

  test('a typed output, alone and beside tools', async () => {
    const outputType = z.object({ subject: z.enum(['units', 'weather', 'notes']) });
    const alone = new Agent({ name: 'a', model: 'any', modelSettings, outputType });
    const { finalOutput } = await runner().run(alone, 'Is it raining in Oslo?');
    expect(outputType.parse(finalOutput)).toEqual(finalOutput);
    const both = new Agent({ name: 'a', model: 'any', modelSettings, outputType, tools: [get_weather] });
    const result = await runner().run(both, question);
    expect(outputType.parse(result.finalOutput)).toEqual(result.finalOutput);
  });

  test('an abort ends the request', async () => {
    const gone = new AbortController();
    const agent = new Agent({ name: 'a', model: 'any' });
    const result = await runner().run(agent, 'Hello', { stream: true, signal: gone.signal });
    for await (const event of result) if (event.type === 'raw_model_stream_event') gone.abort();
    await expect.poll(async () => (await engine.stats()).running).toBe(0);
  });
});
