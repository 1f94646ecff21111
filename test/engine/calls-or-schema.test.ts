import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ChatMessage } from '../../src/chat/chat-message.js';
import { Engine } from '../../src/engine/engine.js';
import { llamaTemplates } from '../../testing/models/llama-templates.js';

// With tools and a schema the answer is calls or JSON of the schema, whichever the model would begin were it free. Its own
// words begin neither: then it means to answer. On more templates: forced-answers.test.ts.

const city = { type: 'string', maxLength: 16 } as const;
const parameters = { type: 'object', properties: { city }, required: ['city'], additionalProperties: false } as const;
const tools = [{ name: 'get_weather', description: 'Current weather of a city', parameters }];
const schema = {
  type: 'object',
  properties: { subject: { enum: ['units', 'weather', 'notes'] }, sure: { type: 'boolean' } },
  required: ['subject', 'sure'],
  additionalProperties: false,
} as const;
const object = { subject: expect.stringMatching(/^(units|weather|notes)$/), sure: expect.any(Boolean) };

const asks = (content: string): ChatMessage[] => [{ role: 'user', content }];
const question = asks('What is the weather in Oslo?');
const answered: ChatMessage[] = [
  ...question,
  {
    role: 'assistant',
    content: '',
    toolCalls: [{ id: 'a', name: 'get_weather', arguments: '{"city": "Oslo"}', input: { city: 'Oslo' } }],
  },
  { role: 'tool', toolCallId: 'a', name: 'get_weather', content: '{"city":"Oslo","celsius":7,"sky":"light rain"}' },
];

describe('the embedded model', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await Engine.load({ kvTokens: 8_192 });
  });
  afterAll(() => engine.close());

  test('calls when it needs to know, answers when it knows', async () => {
    const call = await engine.generate(question, { tools, schema, temperature: 0 });
    expect(call).toMatchObject({ finishReason: 'tool-calls', text: '', object: undefined });
    expect(call.toolCalls).toMatchObject([{ name: 'get_weather', input: { city: 'Oslo' } }]);
    const answer = await engine.generate(answered, { tools, schema, temperature: 0 });
    expect(answer).toMatchObject({ finishReason: 'stop', toolCalls: [], object });
  });

  test('chance does not make a call of an answer', async () => {
    const seeds = Array.from({ length: 12 }, (_, index) => index + 1);
    const results = await Promise.all(
      [asks('Hello'), answered].flatMap((prompt) =>
        seeds.map((seed) => engine.generate(prompt, { tools, schema, temperature: 1.5, seed, maxTokens: 60 }).result),
      ),
    );
    for (const result of results) expect(result).toMatchObject({ toolCalls: [], object });
  });

  test('whatever the limit of tokens: a whole call, a whole answer, or an end by the limit', async () => {
    const most = Array.from({ length: 40 }, (_, index) => index + 1);
    const kinds = new Set<string>();
    for (const prompt of [question, answered]) {
      const results = await Promise.all(
        most.map((maxTokens) => engine.generate(prompt, { tools, schema, temperature: 0, maxTokens }).result),
      );
      for (const result of results) {
        kinds.add(result.finishReason);
        if (result.finishReason === 'tool-calls') {
          // No argument was cut short for the answer to end in time.
          expect(result.toolCalls).toMatchObject([{ name: 'get_weather', input: { city: 'Oslo' } }]);
        } else if (result.finishReason === 'stop') expect(result).toMatchObject({ toolCalls: [], object });
      }
    }
    expect(kinds).toEqual(new Set(['tool-calls', 'stop', 'length']));
  });

  test('a call that must be made is made, one that must not is not', async () => {
    const options = { tools, schema, temperature: 0 };
    const forced = await engine.generate(answered, { ...options, toolChoice: 'required' });
    expect(forced).toMatchObject({ finishReason: 'tool-calls', object: undefined });
    const none = await engine.generate(question, { ...options, toolChoice: 'none' });
    expect(none).toMatchObject({ finishReason: 'stop', toolCalls: [], object });
  });

  test('the stream is the answer', async () => {
    for (const prompt of [question, answered]) {
      const generation = engine.generate(prompt, { tools, schema, temperature: 0 });
      let text = '';
      const calls: string[] = [];
      for await (const event of generation) {
        if (event.type === 'text') text += event.text;
        if (event.type === 'tool-call') calls.push(event.call.name);
      }
      const result = await generation;
      expect(text).toBe(result.text);
      expect(calls).toEqual(result.toolCalls.map(({ name }) => name));
    }
  });
});

test('where calls and the content begin alike', async () => {
  // Llama 3.1 calls in bare JSON: which of both it is shows later.
  const [, chatTemplate] = llamaTemplates().find(([name]) => name.includes('Llama-3.1')) as [string, string];
  await using engine = await Engine.load({ chatTemplate, kvTokens: 8_192 });
  for (let seed = 1; seed <= 10; seed++) {
    const result = await engine.generate(question, { tools, schema, temperature: 1, seed, maxTokens: 100 });
    if (result.toolCalls.length > 0) expect(result).toMatchObject({ finishReason: 'tool-calls', object: undefined });
    else expect(result).toMatchObject({ finishReason: 'stop', object });
  }
});
