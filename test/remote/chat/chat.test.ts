import { describe, expect, test } from 'vitest';
import { Agent } from '../../../src/agent/agent.js';
import { defineTool } from '../../../src/agent/tool.js';
import type { GenerateOptions } from '../../../src/engine/request-options.js';
import { RemoteEngine } from '../../../src/remote/remote-engine.js';
import { chatEngine, inTurn, stream } from '../../../testing/remote/chat-engine.js';
import { type Provider, THOUGHT, TRANSCRIPTS } from '../../../testing/remote/chat-transcripts.js';
import { MemoryJournal } from '../../support/memory-journal.js';

// Chat mode: what goes over the wire and what comes back, through each provider's own package, from transcripts of its streams.

const PROVIDERS = Object.keys(TRANSCRIPTS) as Provider[];
const QUESTION = [{ role: 'user' as const, content: 'How is the weather?' }];

/** Reports tokens of its cache. TGI has no such field. */
const cachedOf = (provider: Provider) => (provider === 'tgi' ? null : 32);

interface Told {
  ran: string[];
  weather: ReturnType<typeof defineTool>;
}

function weatherTool(): Told {
  const ran: string[] = [];
  const weather = defineTool({
    name: 'weather',
    description: 'Weather of a city',
    input: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
    execute: (input) => {
      ran.push((input as { city: string }).city);
      return { sky: 'clear' };
    },
  });
  return { ran, weather };
}

describe.each(PROVIDERS)('%s', (provider) => {
  const said = TRANSCRIPTS[provider];

  test('an answer in words: its text as it comes, its end, its cost', async () => {
    await using one = await chatEngine(provider, stream(said.text));
    const pieces: string[] = [];
    const answer = one.engine.generate(QUESTION, {
      temperature: 0.5,
      maxTokens: 9,
      seed: provider === 'openai' ? 7 : undefined,
    });
    for await (const event of answer) if (event.type === 'text') pieces.push(event.text);
    expect(pieces).toEqual(['It', ' is', ' mild.']);
    const result = await answer;
    expect(result).toMatchObject({ text: 'It is mild.', finishReason: 'stop', toolCalls: [], tokens: [] });
    expect(result.usage).toMatchObject({ promptTokens: 40, cachedTokens: cachedOf(provider), outputTokens: 5 });
    expect(result.usage.elsewhere).toMatchObject({ retries: 0, migrations: 0 });
    expect(one.server.bodies[0]).toMatchObject({ temperature: 0.5, max_tokens: 9, stream: true });
  });

  test('what the caller leaves open is not sent: the provider has its own', async () => {
    await using one = await chatEngine(provider, stream(said.text));
    await one.engine.generate(QUESTION);
    const [body = {}] = one.server.bodies;
    for (const name of ['temperature', 'top_p', 'top_k', 'min_p', 'seed', 'frequency_penalty']) {
      expect(body[name] ?? undefined, name).toBeUndefined();
    }
  });

  test('an agent with tools runs as on any engine: both calls, once each, and their results go back', async () => {
    await using one = await chatEngine(provider, inTurn(stream(said.calls), stream(said.text)));
    const { ran, weather } = weatherTool();
    const agent = new Agent({ engine: one.engine, system: 'Be brief.', tools: [weather] });
    const result = await agent.run('How is the weather in Oslo and in Bergen?');
    expect(result).toMatchObject({ text: 'It is mild.', stopReason: 'answer' });
    expect(ran.sort()).toEqual(['Bergen', 'Oslo']);
    expect(result.usage).toMatchObject({
      promptTokens: 80,
      outputTokens: 10,
      cachedTokens: provider === 'tgi' ? null : 64,
    });
    const [first, second] = one.server.bodies.map((body) => JSON.stringify(body));
    expect(first).toContain('Be brief.');
    expect(first).toContain('Weather of a city');
    expect(second).toContain('Oslo');
    expect(second?.split('clear')).toHaveLength(3);
    expect(one.server.bodies).toHaveLength(2);
  });

  test('a session tells the whole conversation each turn, and a fork its own', async () => {
    await using one = await chatEngine(provider, stream(said.text));
    const session = one.engine.session({ system: 'Be brief.' });
    await session.generate('One?');
    const fork = session.fork();
    await session.generate('Two?');
    await fork.generate('Three?');
    expect(session.messages.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'user', 'assistant']);
    const bodies = one.server.bodies.map((body) => JSON.stringify(body));
    const has = ['Be brief.', 'One?', 'It is mild.', 'Two?', 'Three?'].map((text) =>
      bodies.map((body) => body.includes(text)),
    );
    expect(has).toEqual([
      [true, true, true],
      [true, true, true],
      [false, true, true],
      [false, true, false],
      [false, false, true],
    ]);
    expect([session.tokens.length, session.lastTurn?.message.content]).toEqual([0, 'It is mild.']);
  });

  test('an answer at its limit, also one that stays in its session', async () => {
    await using one = await chatEngine(provider, stream(said.cut));
    const session = one.engine.session();
    expect(await session.generate('Well?')).toMatchObject({ text: 'It is', finishReason: 'length' });
    expect(session.messages.at(-1)).toMatchObject({ role: 'assistant', content: 'It is' });
  });

  test('a schema: the answer is checked here', async () => {
    await using one = await chatEngine(provider, stream(said.text));
    const schema = {
      type: 'object',
      properties: { sky: { type: 'string' } },
      required: ['sky'],
      additionalProperties: false,
    };
    const asked = one.engine.generate(QUESTION, { schema });
    await expect(asked).rejects.toMatchObject({ code: 'INVALID_OUTPUT' });
    expect(JSON.stringify(one.server.bodies[0])).toMatch(/sky|json/);
  });

  test('a journal resumes after a call: the tool is not called again', async () => {
    const journal = new MemoryJournal();
    const { ran, weather } = weatherTool();
    {
      await using one = await chatEngine(
        provider,
        inTurn(stream(said.calls), (_, response) => response.writeHead(400).end('{}')),
      );
      const agent = new Agent({ engine: one.engine, tools: [weather], temperature: 0 });
      await expect(agent.run('Well?', { journal })).rejects.toMatchObject({ code: 'REMOTE_FAILED' });
    }
    await using one = await chatEngine(provider, stream(said.text));
    const agent = new Agent({ engine: one.engine, tools: [weather], temperature: 0 });
    expect(await agent.resume(journal)).toMatchObject({ text: 'It is mild.' });
    expect(ran).toHaveLength(2);
    expect(JSON.stringify(one.server.bodies[0])?.split('clear')).toHaveLength(3);
  });
});

test('a cache that was not spoken of is unknown, not empty', async () => {
  await using one = await chatEngine('openai', stream(TRANSCRIPTS.openai.silent ?? ''));
  const { usage } = await one.engine.generate(QUESTION);
  expect(usage).toMatchObject({ promptTokens: 40, cachedTokens: null, miss: { reason: 'reuse-off' } });
});

test("Anthropic's cache has marks at the instructions and at the end; what it signed goes back as it came", async () => {
  const { calls, text } = TRANSCRIPTS.anthropic;
  await using one = await chatEngine('anthropic', inTurn(stream(calls), stream(text)));
  const { weather } = weatherTool();
  await new Agent({ engine: one.engine, system: 'Be brief.', tools: [weather] }).run('Well?');
  const [first, second] = one.server.bodies as { system: object[]; messages: { content: object[] }[] }[];
  const mark = { cache_control: { type: 'ephemeral' } };
  expect(first?.system.at(-1)).toMatchObject({ text: 'Be brief.', ...mark });
  expect(second?.messages.at(-1)?.content.at(-1)).toMatchObject({ type: 'tool_result', ...mark });
  const { text: thinking, signature } = THOUGHT;
  expect(second?.messages.at(-2)?.content[0]).toEqual({ type: 'thinking', thinking, signature });
});

test("an agent run has one key of OpenAI's cache, and no two the same", async () => {
  await using one = await chatEngine('openai', stream(TRANSCRIPTS.openai.text));
  const [a, b] = [one.engine.program(), one.engine.program()];
  for (const program of [a, a, b]) await one.engine.generate(QUESTION, { program });
  const keys = one.server.bodies.map((body) => body.prompt_cache_key);
  expect([keys[0] === keys[1], keys[1] === keys[2], typeof keys[0]]).toEqual([true, false, 'string']);
});

test('one call where one is asked for, also of a provider that cannot be told', async () => {
  const tools = [{ name: 'weather', description: 'Weather', parameters: { type: 'object', properties: {} } }];
  for (const provider of PROVIDERS) {
    await using one = await chatEngine(provider, stream(TRANSCRIPTS[provider].calls));
    const { toolCalls } = await one.engine.generate(QUESTION, { tools, toolChoice: 'required' });
    expect(toolCalls.map(({ input }) => input)).toEqual([{ city: 'Oslo' }]);
    const both = await one.engine.generate(QUESTION, { tools });
    expect(both.toolCalls).toHaveLength(2);
    expect(both.finishReason).toBe('tool-calls');
  }
});

const REFUSED: [string, GenerateOptions][] = [
  ['logprobs', { logprobs: 1 }],
  ['promptLogprobs', { promptLogprobs: 1 }],
  ['deadlineMs', { deadlineMs: 50 }],
  ['ttftLimitMs', { ttftLimitMs: 50 }],
  ['thinkingTokens', { thinkingTokens: 5 }],
  ['thinking', { thinking: false }],
  ['repeatPenalty', { repeatPenalty: 1.5 }],
  ['minP', { temperature: 1, minP: 0.5 }],
  ['cache', { cache: false }],
  ['tenant', { tenant: 'acme' }],
  ['logitBias', { logitBias: { 1: 1 } }],
  ['ignoreEos', { ignoreEos: true }],
  ['grammar', { grammar: 'root ::= "x"' }],
  ['maxTokens', { maxTokens: 0 }],
];

test.each(REFUSED)('%s is refused before anything is sent', async (field, options) => {
  await using one = await chatEngine('openai', stream(TRANSCRIPTS.openai.text));
  await expect(one.engine.generate(QUESTION, options)).rejects.toMatchObject({ code: 'INVALID_OPTION', field });
  expect(one.server.bodies).toEqual([]);
});

test('what the provider says it leaves out is an error, never left out', async () => {
  await using one = await chatEngine('anthropic', stream(TRANSCRIPTS.anthropic.text));
  const asked = one.engine.generate(QUESTION, { frequencyPenalty: 0.5 });
  await expect(asked).rejects.toMatchObject({ code: 'INVALID_OPTION', field: 'frequencyPenalty' });
  expect(await one.engine.generate(QUESTION)).toMatchObject({ text: 'It is mild.' });
});

test('a refusal names the option that the provider names', async () => {
  const error = { message: 'Too hot', type: 'invalid_request_error', param: 'temperature', code: null };
  await using one = await chatEngine('openai', (_, response) => response.writeHead(400).end(JSON.stringify({ error })));
  const asked = one.engine.generate(QUESTION, { temperature: 2 });
  await expect(asked).rejects.toMatchObject({ code: 'REMOTE_FAILED', field: 'temperature' });
});

test('what needs tokens says so: texts, ids, counts, room to be made', async () => {
  await using one = await chatEngine('openai', stream(TRANSCRIPTS.openai.text));
  const unsupported = { code: 'MODEL_UNSUPPORTED' };
  const { engine } = one;
  await expect(engine.generate('Once upon')).rejects.toMatchObject(unsupported);
  await expect(engine.generate([1, 2])).rejects.toMatchObject(unsupported);
  await expect(engine.countTokens(QUESTION)).rejects.toMatchObject(unsupported);
  await expect(engine.session().countTokens('x')).rejects.toMatchObject(unsupported);
  expect(() => engine.tokenize('x')).toThrow(expect.objectContaining(unsupported));
  const trim = { code: 'INVALID_OPTION', field: 'onOverflow' };
  expect(() => engine.session({ onOverflow: 'trim' })).toThrow(expect.objectContaining(trim));
  await expect(engine.embed('x')).rejects.toMatchObject(unsupported);
  await expect(engine.drain('x')).rejects.toMatchObject({ code: 'INVALID_OPTION', field: 'url' });
  expect(await engine.explain(QUESTION)).toMatchObject({ reason: 'reuse-off' });
  expect(engine.servers()).toMatchObject([{ dialect: 'chat', state: 'ready', sent: 0 }]);
  expect(one.server.bodies).toEqual([]);
});

test('at connect: no model of the AI SDK, and options that mean nothing with one', async () => {
  await using one = await chatEngine('openai', stream(''));
  const chat = (model: unknown) => RemoteEngine.connect({ chat: model as never });
  for (const model of [{}, 'gpt', { specificationVersion: 'v2', doStream: () => {} }]) {
    await expect(chat(model)).rejects.toMatchObject({ code: 'INVALID_OPTION', field: 'chat' });
  }
  const model = { specificationVersion: 'v3', provider: 'p', modelId: 'm', doStream: () => {} } as never;
  const both = RemoteEngine.connect({ chat: model, url: one.server.url });
  await expect(both).rejects.toMatchObject({ code: 'INVALID_OPTION', field: 'url' });
});
