import { afterAll, beforeAll, expect, test } from 'vitest';
import { Agent } from '../../src/agent/agent.js';
import { defineTool } from '../../src/agent/tool.js';
import type { ToolCall } from '../../src/chat/chat-message.js';
import { Engine } from '../../src/engine/engine.js';
import { compileSchema, type JsonSchema } from '../../src/schema/compile-schema.js';

// Answers that the limit would cut, on the embedded model: they are closed before it.

let engine: Engine;
beforeAll(async () => {
  engine = await Engine.load();
});
afterAll(() => engine.close());

const ask = (content: string) => [{ role: 'user' as const, content }];
const order: JsonSchema = {
  type: 'object',
  properties: {
    city: { type: 'string', minLength: 2 },
    kind: { enum: ['red', 'green'] },
    items: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        properties: { n: { type: 'integer' }, note: { type: 'string' } },
        required: ['n'],
        additionalProperties: false,
      },
    },
  },
  required: ['city', 'kind', 'items'],
  additionalProperties: false,
};
const tree: JsonSchema = {
  type: 'object',
  properties: { v: { type: 'string' }, kids: { type: 'array', items: { $ref: '#' } } },
  required: ['v', 'kids'],
  additionalProperties: false,
};

/** Schemas, with the bytes of their shortest answer: no token is shorter. */
const SCHEMAS: [string, JsonSchema, number][] = [
  ['any JSON', {}, 1],
  ['an order', order, '{"city":"ab","kind":"red","items":[{"n":0}]}'.length],
  ['a tree', tree, '{"v":"","kids":[]}'.length],
  ['a list', { type: 'array', minItems: 3, items: { type: 'string' } }, '["","",""]'.length],
];

for (const [name, schema, shortest] of SCHEMAS) {
  test(`${name} is whole within any limit that it fits in`, async () => {
    const compiled = compileSchema('schema', schema);
    let closed = 0;
    for (let maxTokens = 8; maxTokens <= 80; maxTokens += 3) {
      for (const temperature of [0, 1.5]) {
        const options = { schema, maxTokens, temperature, seed: maxTokens };
        const { object, text, tokens, finishReason } = await engine.generate(ask('Tell me all of it.'), options);
        expect(tokens.length).toBeLessThanOrEqual(maxTokens);
        if (finishReason === 'length') expect(object).toBeUndefined();
        else expect(object).toEqual(JSON.parse(text));
        if (maxTokens < shortest) continue;
        expect(await compiled.check(JSON.parse(text)), `${maxTokens}: ${text}`).toMatchObject({ ok: true });
        if (finishReason === 'stop' && tokens.length === maxTokens) closed += 1;
      }
    }
    expect(closed).toBeGreaterThan(0);
  });
}

test('a call that must be is whole within its limit', async () => {
  const tools = [{ name: 'book', description: 'Books', parameters: order }];
  for (const maxTokens of [100, 120, 140]) {
    const options = { tools, toolChoice: 'required' as const, maxTokens, temperature: 1.5, seed: maxTokens };
    const { toolCalls, finishReason } = await engine.generate(ask('Book it.'), options);
    expect(finishReason).toBe('tool-calls');
    expect(await compileSchema('schema', order).check(toolCalls[0]?.input)).toMatchObject({ ok: true });
  }
});

test('a call that the model is free to make is never made shorter: it is the whole one, or text', async () => {
  const executed: unknown[] = [];
  const weather = defineTool({
    name: 'get_weather',
    description: 'Current weather of a city',
    input: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
    execute: (input) => executed.push(input),
  });
  const system = 'Answer in one sentence.';
  const question = 'What is the weather in Oslo? And in Bergen?';
  const messages = [{ role: 'system' as const, content: system }, ...ask(question)];
  const tools = [{ name: weather.name, description: weather.description, parameters: weather.parameters }];
  const said = ({ toolCalls }: { toolCalls: ToolCall[] }) => toolCalls.map(({ name, input }) => ({ name, input }));
  const free = await engine.generate(messages, { tools, temperature: 0, maxTokens: 200 });
  expect(said(free)).toEqual([
    { name: 'get_weather', input: { city: 'Oslo' } },
    { name: 'get_weather', input: { city: 'Bergen' } },
  ]);
  for (let maxTokens = 1; maxTokens < free.tokens.length; maxTokens++) {
    const cut = await engine.generate(messages, { tools, temperature: 0, maxTokens });
    expect(cut.finishReason).toBe('length');
    expect(cut.tokens).toEqual(free.tokens.slice(0, maxTokens));
    expect(said(cut)).toEqual(said(free).slice(0, cut.toolCalls.length));
    const written = engine.detokenize(cut.tokens);
    if (cut.toolCalls.length === 0) expect(cut.text.trim()).toBe(written.trim());
    executed.length = 0;
    const run = await new Agent({ engine, system, tools: [weather], temperature: 0, maxTokens }).run(question);
    if (cut.toolCalls.length === 0) expect(run.stopReason).toBe('max-tokens');
    for (const input of executed) expect(said(free).map((call) => call.input)).toContainEqual(input);
  }
});

test("a caller's grammar is whole too; one that may end anywhere is cut as ever", async () => {
  const sentence = 'root ::= "I say: " [^."]* "." ("So be it.")';
  const said = await engine.generate(ask('Speak.'), { grammar: sentence, maxTokens: 40, temperature: 0 });
  expect(said).toMatchObject({ finishReason: 'stop', text: expect.stringMatching(/^I say: [^."]*\.So be it\.$/) });
  const word = await engine.generate(ask('Speak.'), { grammar: 'root ::= [a-z]{9,}', maxTokens: 30, temperature: 1.5 });
  expect(['stop', 'length']).toContain(word.finishReason);
  const short = await engine.generate(ask('Speak.'), { grammar: 'root ::= "(" [a-z]{40} ")"', maxTokens: 3 });
  expect(short.finishReason).toBe('length');
});
