import { HumanMessage, SystemMessage, type ToolMessage } from '@langchain/core/messages';
import { tool } from '@langchain/core/tools';
import { ChatOpenAI } from '@langchain/openai';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Engine } from '../../src/engine/engine.js';
import type { Server } from '../../src/server/serve.js';
import { serveModel } from '../support/serve-model.js';

// LangChain's OpenAI model, over both APIs, against the embedded model.

let engine: Engine;
let server: Server;
serveModel((it) => {
  ({ engine, server } = it);
});

const get_weather = tool(async ({ city }) => JSON.stringify({ city, celsius: 7, sky: 'light rain' }), {
  name: 'get_weather',
  description: 'Current weather of a city',
  schema: z.object({ city: z.string() }),
});
const question = 'What is the weather in Oslo?';

describe.each([
  ['chat completions', false],
  ['responses', true],
])('%s', (_, useResponsesApi) => {
  const model = (more = {}) =>
    new ChatOpenAI({
      ...{ model: 'any', temperature: 0, apiKey: 'none', maxRetries: 0, useResponsesApi, ...more },
      configuration: { baseURL: `${server.url}/v1` },
    });

  test('invoke: the answer and its usage', async () => {
    const said = await model().invoke([new SystemMessage('Be brief.'), new HumanMessage('Hello')]);
    expect(said.text).toBe('Hello! How can I help?');
    expect(Object(said.usage_metadata).output_tokens).toBeGreaterThan(3);
  });

  test('stream: pieces that are the answer', async () => {
    const pieces: string[] = [];
    for await (const chunk of await model().stream('Hello')) pieces.push(chunk.text);
    expect(pieces.join('')).toBe('Hello! How can I help?');
    expect(pieces.length).toBeGreaterThan(3);
  });

  test('bindTools: a call, its result, and the answer made of it', async () => {
    const bound = model().bindTools([get_weather]);
    const asked = new HumanMessage(question);
    const called = await bound.invoke([asked]);
    expect(called.tool_calls).toMatchObject([{ name: 'get_weather', args: { city: 'Oslo' } }]);
    const results = await Promise.all((called.tool_calls ?? []).map((call) => get_weather.invoke(call)));
    const said = await bound.invoke([asked, called, ...(results as ToolMessage[])]);
    expect(said.text).toBe('It is 7 degrees in Oslo, light rain.');
  });

  test('bindTools: a call in pieces of a stream', async () => {
    let whole: Awaited<ReturnType<ReturnType<typeof model>['invoke']>> | undefined;
    for await (const chunk of await model().bindTools([get_weather]).stream(question)) {
      whole = whole === undefined ? chunk : (whole as typeof chunk).concat(chunk);
    }
    expect(whole?.tool_calls).toMatchObject([{ name: 'get_weather', args: { city: 'Oslo' } }]);
  });

  test('withStructuredOutput: an object of the schema, by each of its methods', async () => {
    const schema = z.object({ subject: z.enum(['units', 'weather', 'notes']) });
    for (const method of ['jsonSchema', 'functionCalling'] as const) {
      const object = await model()
        .withStructuredOutput(schema, { name: 'subject', method })
        .invoke('Is it raining in Oslo?');
      expect(schema.parse(object)).toEqual(object);
    }
  });

  test('an abort and an error', async () => {
    const gone = new AbortController();
    await expect(async () => {
      for await (const _piece of await model().stream('Hello', { signal: gone.signal })) gone.abort();
    }).rejects.toThrow(/abort/i);
    await expect.poll(async () => (await engine.stats()).running).toBe(0);
    await expect(model({ temperature: -1 }).invoke('Hello')).rejects.toMatchObject({ status: 400 });
  });
});
