import type { LanguageModelV3, ProviderV3 } from '@ai-sdk/provider';
import { createProviderRegistry, generateObject, generateText, Output, stepCountIs, streamText, tool } from 'ai';
import type { LanguageModelV4 } from 'ai-sdk-provider-v4';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createBanyan } from '../../src/adapters/ai-sdk/provider.js';
import { Engine } from '../../src/engine/engine.js';
import { type Script, ScriptedEngine } from '../../testing/engine/scripted-engine.js';
import { callText } from '../../testing/engine/scripted-text.js';

// The AI SDK's own functions on an engine in this process, as its users call them.

Object.assign(globalThis, { AI_SDK_LOG_WARNINGS: false });

const tools = {
  get_weather: tool({
    description: 'Current weather of a city',
    inputSchema: z.object({ city: z.string() }),
    execute: async ({ city }) => ({ city, celsius: 7, sky: 'light rain' }),
  }),
};

describe('on the embedded model', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await Engine.load();
  });
  afterAll(() => engine.close());
  const model = () => createBanyan(engine)();

  test('an answer, whole and streamed, is the engine’s own', async () => {
    const own = await engine.generate([{ role: 'user', content: 'Hello' }], { temperature: 0 });
    const whole = await generateText({ model: model(), prompt: 'Hello', temperature: 0 });
    expect([whole.text, whole.finishReason, whole.rawFinishReason]).toEqual([own.text, 'stop', 'stop']);
    expect(whole.usage.inputTokens).toBe(own.usage.promptTokens);
    expect(whole.usage.outputTokens).toBe(own.usage.outputTokens);
    const streamed = streamText({ model: model(), prompt: 'Hello', temperature: 0 });
    const pieces: string[] = [];
    for await (const piece of streamed.textStream) pieces.push(piece);
    expect(pieces.length).toBeGreaterThan(3);
    expect(pieces.join('')).toBe(own.text);
    expect((await streamed.response).modelId).toBe('Banyan tiny');
    expect((await streamed.usage).outputTokens).toBe(own.usage.outputTokens);
  });

  test.each([false, true])('a loop of tools computes only what is new (streamed: %s)', async (streamed) => {
    const asked = {
      ...{ model: model(), tools, temperature: 0, stopWhen: stepCountIs(4) },
      prompt: 'What is the weather in Oslo? And in Bergen?',
    };
    const run = streamed ? streamText(asked) : await generateText(asked);
    const [steps, text] = [await run.steps, await run.text];
    expect(steps[0]?.toolCalls).toMatchObject([
      { toolName: 'get_weather', input: { city: 'Oslo' } },
      { toolName: 'get_weather', input: { city: 'Bergen' } },
    ]);
    expect(text).toBe('It is 7 degrees in Oslo, light rain. It is 7 degrees in Bergen, light rain.');
    const [first, second] = steps.map(({ usage }) => usage);
    const before = (first?.inputTokens ?? 0) + (first?.outputTokens ?? 0);
    expect(second?.inputTokenDetails.cacheReadTokens).toBeGreaterThanOrEqual(before - engine.info.pageTokens - 1);
    expect(second?.inputTokenDetails.noCacheTokens).toBe(
      (second?.inputTokens ?? 0) - (second?.inputTokenDetails.cacheReadTokens ?? 0),
    );
  });

  test('objects: of a schema, with its pieces, and as the output beside a text', async () => {
    const schema = z.object({ subject: z.enum(['units', 'weather', 'notes']) });
    const prompt = 'Is it raining in Oslo?';
    const { object } = await generateObject({ model: model(), schema, temperature: 0, prompt });
    expect(schema.parse(object)).toEqual(object);
    const { output } = await generateText({
      model: model(),
      temperature: 0,
      prompt,
      output: Output.object({ schema }),
    });
    expect(output).toEqual(object);
    const streamed = streamText({ model: model(), temperature: 0, prompt, output: Output.object({ schema }) });
    const partial: unknown[] = [];
    for await (const piece of streamed.partialOutputStream) partial.push(piece);
    expect(partial.at(-1)).toEqual(object);
    const free = await generateText({
      model: model(),
      temperature: 0,
      prompt,
      output: Output.json(),
      maxOutputTokens: 60,
    });
    expect(typeof free.output).toBe('object');
  });

  test('an output beside tools: the tools are called first', async () => {
    const schema = z.object({ subject: z.enum(['units', 'weather', 'notes']) });
    const { steps, output } = await generateText({
      ...{ model: model(), tools, temperature: 0, stopWhen: stepCountIs(4), output: Output.object({ schema }) },
      prompt: 'What is the weather in Oslo? And in Bergen?',
    });
    expect(steps.map(({ toolCalls }) => toolCalls.map(({ input }) => input))).toEqual([
      [{ city: 'Oslo' }, { city: 'Bergen' }],
      [],
    ]);
    expect(schema.parse(output)).toEqual(output);
  });

  test('an abort ends the request at once, whole and streamed, before and within the answer', async () => {
    const gone = new AbortController();
    const streamed = streamText({ model: model(), prompt: 'Hello', abortSignal: gone.signal });
    const types: string[] = [];
    for await (const { type } of streamed.fullStream) {
      types.push(type);
      if (type === 'text-delta') gone.abort();
    }
    expect(types.at(-1)).toBe('abort');
    await expect(generateText({ model: model(), prompt: 'Hello', abortSignal: gone.signal })).rejects.toThrow(
      expect.objectContaining({ name: 'AbortError' }),
    );
    await expect.poll(async () => (await engine.stats()).running).toBe(0);
  });

  test('a reader who leaves the stream cancels it', async () => {
    const { stream } = await model().doStream({
      prompt: [{ role: 'user', content: [{ type: 'text', text: 'Hello' }] }],
    });
    const reader = stream.getReader();
    while ((await reader.read()).value?.type !== 'text-delta');
    await reader.cancel();
    await expect.poll(async () => (await engine.stats()).running).toBe(0);
  });

  test('limits and stop texts', async () => {
    const short = await generateText({ model: model(), prompt: 'Hello', temperature: 0, maxOutputTokens: 3 });
    expect([short.finishReason, short.usage.outputTokens]).toEqual(['length', 3]);
    const stopped = await generateText({ model: model(), prompt: 'Hello', temperature: 0, stopSequences: ['help'] });
    expect([stopped.text, stopped.finishReason, stopped.rawFinishReason]).toEqual([
      'Hello! How can I ',
      'stop',
      'stop-sequence',
    ]);
  });

  test('what fails is a BanyanError with its code, and no failure retries or stays in the engine', async () => {
    const failure = (options: object) =>
      generateText({ model: model(), prompt: 'Hello', ...options }).then(
        () => undefined,
        ({ code, field }) => ({ code, field }),
      );
    const long = 'word '.repeat(20_000);
    expect((await failure({ prompt: long }))?.code).toBe('PROMPT_TOO_LONG');
    const image = [{ role: 'user', content: [{ type: 'image', image: new Uint8Array([137, 80, 78, 71]) }] }];
    expect(await failure({ prompt: undefined, messages: image })).toEqual({
      ...{ code: 'INVALID_MESSAGES', field: 'prompt[0].content[0]' },
    });
    expect(await failure({ providerOptions: { banyan: { thinkin: true } } })).toMatchObject({ code: 'INVALID_OPTION' });
    expect(await failure({ providerOptions: { banyan: { class: 'x' } } })).toEqual({
      ...{ code: 'INVALID_OPTION', field: 'providerOptions.banyan.class' },
    });
    expect(await failure({ temperature: -1 })).toMatchObject({ code: 'INVALID_OPTION', field: 'temperature' });
    const streamed = streamText({ model: model(), prompt: long, onError: () => {} });
    const parts = [];
    for await (const part of streamed.fullStream) parts.push(part);
    expect(parts).toContainEqual({ type: 'error', error: expect.objectContaining({ code: 'PROMPT_TOO_LONG' }) });
    expect(await streamed.finishReason).toBe('error');
    expect((await engine.stats()).running).toBe(0);
  });

  test('calls that name one run are one program; the id of a program is that one', async () => {
    const program = engine.program();
    for (const prompt of ['Hello', 'Hello again']) {
      await generateText({
        model: model(),
        prompt,
        temperature: 0,
        providerOptions: { banyan: { program: program.id } },
      });
    }
    expect(await program.report()).toMatchObject({ calls: 2 });
  });

  test('it stands in a registry of providers', async () => {
    const registry = createProviderRegistry({ banyan: createBanyan(engine) as ProviderV3 });
    const { text } = await generateText({
      model: registry.languageModel('banyan:any'),
      prompt: 'Hello',
      temperature: 0,
    });
    expect(text).toBe('Hello! How can I help?');
  });
});

describe('on a scripted model', () => {
  function scripted(script: Script) {
    const backend = new ScriptedEngine(script);
    return { backend, engine: new Engine(backend) };
  }

  test('reasoning goes out in its parts, and back in when it is this model’s own', async () => {
    const { backend, engine } = scripted(() => ({ steps: ['(let me ', 'see) four', '!'] }));
    const banyan = createBanyan(engine, { history: 'rendered' });
    const streamed = streamText({ model: banyan(), prompt: '2 + 2?' });
    const types: string[] = [];
    for await (const { type } of streamed.fullStream) types.push(type);
    expect(types.filter((type) => /text|reasoning/.test(type))).toEqual([
      ...['reasoning-start', 'reasoning-delta', 'reasoning-delta', 'reasoning-end'],
      ...['text-start', 'text-delta', 'text-delta', 'text-end'],
    ]);
    expect([await streamed.reasoningText, await streamed.text]).toEqual(['let me see', ' four!']);
    const { messages } = await streamed.response;
    const foreign = { role: 'assistant' as const, content: [{ type: 'reasoning' as const, text: 'of another' }] };
    const question = { role: 'user' as const, content: 'Sure?' };
    await generateText({ model: banyan(), messages: [question, ...messages, question, foreign, question] });
    expect(backend.renders.at(-1)?.messages).toMatchObject([
      ...[{ role: 'user' }, { role: 'assistant', content: ' four!', reasoning_content: 'let me see' }],
      ...[{ role: 'user' }, { role: 'assistant' }, { role: 'user' }],
    ]);
    expect(JSON.stringify(backend.renders.at(-1))).not.toContain('of another');
  });

  test('a run by its name is one program that waits for its tools', async () => {
    const { backend, engine } = scripted((prompt) =>
      prompt.includes('<|tool|>') ? 'done' : callText('', 'get_weather', '{"city":"Oslo"}'),
    );
    const providerOptions = { banyan: { program: 'run 7', thinking: false } };
    await generateText({
      model: createBanyan(engine)(),
      prompt: 'x',
      tools,
      stopWhen: stepCountIs(3),
      providerOptions,
    });
    const programs = new Set(backend.requests.map(({ program }) => program));
    expect([backend.requests.length, programs.size]).toEqual([2, 1]);
    expect(backend.hints.map(({ kind, tool: name }) => [kind, name])).toEqual([
      ...[
        ['tool-started', 'get_weather'],
        ['tool-ended', 'get_weather'],
      ],
    ]);
    expect(backend.renders.every(({ enableThinking }) => !enableThinking)).toBe(true);
  });

  test('what a tool gave reads the same however it was given, and what is no text is named', async () => {
    const { backend, engine } = scripted(() => 'ok');
    const call = (toolCallId: string) => ({ type: 'tool-call' as const, toolCallId, toolName: 't', input: {} });
    const result = (toolCallId: string, output: object) => ({ type: 'tool-result', toolCallId, toolName: 't', output });
    const outputs = [
      { type: 'json', value: { b: 1, a: 2 } },
      { type: 'error-text', value: 'no' },
      { type: 'execution-denied', reason: 'later' },
      {
        type: 'content',
        value: [
          { type: 'text', text: 'a' },
          { type: 'image-data', data: '', mediaType: 'image/png' },
        ],
      },
    ];
    const ids = outputs.map((_, index) => `c${index}`);
    const prompt = [
      { role: 'user' as const, content: [{ type: 'file', mediaType: 'text/plain', data: Buffer.from('notes') }] },
      { role: 'assistant' as const, content: ids.map(call) },
      { role: 'tool' as const, content: outputs.map((output, index) => result(ids[index] as string, output)) },
    ];
    await createBanyan(engine)().doGenerate({ prompt });
    const said = backend.renders.at(-1)?.messages as { role: string; content: string }[];
    expect(said.filter(({ role }) => role !== 'assistant').map(({ content }) => content)).toEqual([
      ...['notes', '{"a":2,"b":1}', '{"error":"no"}', '{"error":"the user did not allow this call: later"}'],
      'a[image data omitted: this model reads text only]',
    ]);
  });

  test('what has no effect is a warning', async () => {
    const { backend, engine } = scripted(() => '{}');
    const odd = { type: 'object' as const, properties: { a: { type: 'string' as const, pattern: '(?<=x)y' } } };
    const { warnings } = await createBanyan(engine, { specification: 'v4' })().doGenerate({
      prompt: [{ role: 'user', content: [{ type: 'text', text: 'x' }] }],
      tools: [
        { type: 'provider', id: 'openai.web_search', name: 'web_search', args: {} },
        { type: 'function', name: 'server.with.dots', inputSchema: odd, inputExamples: [{ input: {} }] },
      ],
      ...{ reasoning: 'high', responseFormat: { type: 'json', description: 'x' } },
    });
    expect(warnings.map((one) => ('feature' in one ? one.feature : ''))).toEqual([
      ...['reasoning: high', 'description of the output', 'tool web_search'],
      ...['input examples of tool server.with.dots', 'schemas of tools'],
    ]);
    expect(backend.renders.at(-1)?.tools).toHaveLength(1);
    const none = { prompt: [{ role: 'user' as const, content: 'x' }], reasoning: 'none' };
    await createBanyan(engine, { specification: 'v4' })().doGenerate(none);
    expect(backend.renders.at(-1)?.enableThinking).toBe(false);
  });
});

test('its types are those of both versions of the interface', () => {
  const v3 = (engine: Engine): LanguageModelV3 => createBanyan(engine)();
  const v4 = (engine: Engine): LanguageModelV4 => createBanyan(engine, { specification: 'v4' })();
  const engine = new Engine(new ScriptedEngine(() => ''));
  expect([v3(engine).specificationVersion, v4(engine).specificationVersion]).toEqual(['v3', 'v4']);
});
