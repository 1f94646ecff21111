import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateObject, generateText, stepCountIs, streamText, tool } from 'ai';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Engine } from '../../src/engine/engine.js';
import type { Server } from '../../src/server/serve.js';
import { serveModel } from '../support/serve-model.js';

// Vercel's AI SDK through both of its providers, against the embedded model.

Object.assign(globalThis, { AI_SDK_LOG_WARNINGS: false }); // it warns of names of models that it does not know

let engine: Engine;
let server: Server;

serveModel((it) => {
  ({ engine, server } = it);
});

const providers = {
  'openai-compatible': () =>
    createOpenAICompatible({
      name: 'banyan',
      baseURL: `${server.url}/v1`,
      supportsStructuredOutputs: true,
      includeUsage: true,
    })('any'),
  anthropic: () => createAnthropic({ baseURL: `${server.url}/v1`, apiKey: 'none' })('any'),
};
const tools = {
  get_weather: tool({
    description: 'Current weather of a city',
    inputSchema: z.object({ city: z.string() }),
    execute: async ({ city }) => ({ city, celsius: 7, sky: 'light rain' }),
  }),
};

describe.each(Object.entries(providers))('%s', (_, model) => {
  test('an answer, whole and streamed, and its usage', async () => {
    const whole = await generateText({ model: model(), prompt: 'Hello', temperature: 0 });
    expect([whole.text, whole.finishReason]).toEqual(['Hello! How can I help?', 'stop']);
    const streamed = streamText({ model: model(), prompt: 'Hello', temperature: 0 });
    let text = '';
    for await (const piece of streamed.textStream) text += piece;
    expect(text).toBe(whole.text);
    expect((await streamed.usage).outputTokens).toBe(whole.usage.outputTokens);
    expect((await streamed.usage).inputTokens).toBe(whole.usage.inputTokens);
  });

  test.each([false, true])('a loop of tools (streamed: %s)', async (streamed) => {
    const asked = {
      model: model(),
      tools,
      temperature: 0,
      prompt: 'What is the weather in Oslo?',
      stopWhen: stepCountIs(4),
    };
    const { steps, text } = streamed
      ? await (async () => {
          const run = streamText(asked);
          return { steps: await run.steps, text: await run.text };
        })()
      : await generateText(asked);
    expect(steps.length).toBeGreaterThan(1);
    expect(steps[0]?.toolCalls).toMatchObject([{ toolName: 'get_weather', input: { city: 'Oslo' } }]);
    expect(text).toContain('7');
    expect(steps[1]?.usage.cachedInputTokens).toBeGreaterThan(50);
  });

  test('an object of a schema', async () => {
    const schema = z.object({ subject: z.enum(['units', 'weather', 'notes']) });
    const { object } = await generateObject({
      model: model(),
      schema,
      temperature: 0,
      prompt: 'Is it raining in Oslo?',
    });
    expect(['units', 'weather', 'notes']).toContain(object.subject);
  });

  test('an abort ends the request', async () => {
    const gone = new AbortController();
    const running = streamText({ model: model(), prompt: 'Hello', abortSignal: gone.signal, onError: () => {} });
    for await (const _ of running.textStream) gone.abort();
    await expect.poll(async () => (await engine.stats()).running).toBe(0);
  });
});
