import { describe, expect, test } from 'vitest';
import { Engine, type EngineOptions, type GenerateOptions, type GenerationResult } from '../../src/index.js';
import { realModel } from '../../testing/models/real-models.js';

// What a schema, a grammar or a call leaves no choice about costs no steps.

const order = {
  name: 'place_order',
  description: 'Orders something.',
  parameters: {
    type: 'object',
    properties: {
      article_number: { type: 'integer', minimum: 1, maximum: 99 },
      delivery_address: { enum: ['home', 'work'] },
      gift_wrapping_wanted: { type: 'boolean' },
    },
    required: ['article_number', 'delivery_address', 'gift_wrapping_wanted'],
    additionalProperties: false,
  },
} as const;
const SHAPE = {
  type: 'object',
  properties: {
    article_number: { type: 'integer', minimum: 1, maximum: 99 },
    delivery_address: { enum: ['home', 'work'] },
    delivery_instructions: {
      type: 'object',
      properties: { ring_twice: { type: 'boolean' } },
      required: ['ring_twice'],
    },
    gift_wrapping_wanted: { type: 'boolean' },
  },
  required: ['article_number', 'delivery_address', 'delivery_instructions', 'gift_wrapping_wanted'],
  additionalProperties: false,
} as const;
const WORDS = { type: 'string', maxLength: 16 } as const;
const membersOf = (properties: Record<string, object>) => ({
  ...{ type: 'object', properties, required: Object.keys(properties) },
  additionalProperties: false,
});
const ask = (text: string) => [{ role: 'user' as const, content: text }];
const GRAMMAR =
  'root ::= "The delivery address of this customer is: " ("home" | "work") ", as it has been since " [0-9]{4} "."';
const WRITTEN = /^The delivery address of this customer is: (home|work), as it has been since [0-9]{4}\.$/;
const weather = {
  name: 'get_weather',
  description: 'Returns temperature and sky for a city.',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
} as const;

const REQUESTS: [string, GenerateOptions][] = [
  ['Order 12.', { temperature: 0, maxTokens: 120, schema: SHAPE }],
  ['Order 12.', { temperature: 0, maxTokens: 120, tools: [order], toolChoice: 'required' }],
  ['Where to?', { temperature: 0, maxTokens: 120, grammar: GRAMMAR }],
];

const said = ({ tokens, text, toolCalls, finishReason }: GenerationResult) => ({
  ...{ tokens, text, finishReason },
  calls: toolCalls.map(({ name, arguments: input }) => [name, input]),
});

/** Steps that it takes: its output tokens but those that came along with others. */
const stepsOf = ({ outputTokens, forcedTokens, acceptedTokens }: GenerationResult['usage']) =>
  outputTokens - forcedTokens - acceptedTokens;

test.each([1, 2])('verify: the same tokens in fewer steps, %d threads', async (threads) => {
  await using plain = await Engine.load({ threads });
  await using eager = await Engine.load({ threads, draftTokens: 'always' });
  for (const [text, options] of REQUESTS) {
    // A tenant each: nothing was said before that could be drafted from.
    const off = await eager.generate(ask(text), { ...options, tenant: 'a', jumpForward: 'off' });
    const verify = await eager.generate(ask(text), { ...options, tenant: 'b' });
    const expected = said(await plain.generate(ask(text), options));
    expect(said(off)).toEqual(expected);
    expect(said(verify)).toEqual(expected);
    expect(verify.usage.forcedTokens).toBe(0);
    expect(stepsOf(verify.usage)).toBeLessThan(stepsOf(off.usage));
  }
});

test('force: forced tokens are appended, and the answer is one of its grammar', async () => {
  await using engine = await Engine.load({ threads: 1 });
  const before = await engine.stats();
  let saved = 0;
  for (const [text, options] of REQUESTS) {
    const forced = await engine.generate(ask(text), { ...options, jumpForward: 'force' });
    expect(forced.usage.outputTokens).toBe(forced.tokens.length);
    expect(forced.usage.forcedTokens).toBeGreaterThan(0);
    if (options.schema) expect(Object.keys(JSON.parse(forced.text))).toEqual(SHAPE.required);
    if (options.tools) expect(forced.toolCalls.map(({ name }) => name)).toContain(order.name);
    if (options.grammar) expect(forced.text).toMatch(WRITTEN);
    saved += forced.usage.forcedTokens;
  }
  const after = await engine.stats();
  expect(after.forcedTokens - before.forcedTokens).toBe(saved);
  expect(after.rules.jump).toBeGreaterThan(0);
  // A call that the model makes as it was taught: it is the same call, in the same tokens.
  const call = { temperature: 0, maxTokens: 60, tools: [weather], toolChoice: 'required' } as const;
  const plain = await engine.generate(ask('What is the weather in Oslo?'), call);
  const forced = await engine.generate(ask('What is the weather in Oslo?'), { ...call, jumpForward: 'force' });
  expect(plain.usage.forcedTokens).toBe(0);
  expect(said(forced)).toEqual(said(plain));
  // From its first colon on: the template has shown how calls are written.
  expect(forced.usage.forcedTokens).toBeGreaterThan(forced.tokens.length / 2);
});

test('force: events, stop texts, limits and logprobs are as without', async () => {
  await using engine = await Engine.load({ threads: 1 });
  const options = { temperature: 0, grammar: GRAMMAR } as const;
  const whole = await engine.generate(ask('Where to?'), { ...options, jumpForward: 'force' });
  for (let maxTokens = 1; maxTokens < whole.tokens.length; maxTokens++) {
    const cut = await engine.generate(ask('Where to?'), { ...options, maxTokens, jumpForward: 'force' });
    expect(cut.tokens.length).toBeLessThanOrEqual(maxTokens);
    expect(cut.tokens.length).toBe(cut.usage.outputTokens);
    if (cut.finishReason === 'stop') expect(cut.text).toMatch(WRITTEN);
  }
  const stopped = await engine.generate(ask('Where to?'), { ...options, stop: 'address of', jumpForward: 'force' });
  expect(stopped).toMatchObject({ text: 'The delivery ', finishReason: 'stop-sequence' });
  const running = engine.generate(ask('Where to?'), { ...options, jumpForward: 'force' });
  let streamed = '';
  for await (const event of running) if (event.type === 'text') streamed += event.text;
  expect(streamed).toBe((await running).text);
  const asked = await engine.generate(ask('Where to?'), { ...options, logprobs: 1, jumpForward: 'force' });
  expect(asked.usage.forcedTokens).toBe(0);
  expect(asked.logprobs).toHaveLength(asked.tokens.length);
});

test('force: many at once, on few pages, say what they say alone', async () => {
  await using engine = await Engine.load({ threads: 1, kvTokens: 1_024, exact: true });
  const alone = [];
  for (const [text, options] of REQUESTS)
    alone.push(said(await engine.generate(ask(text), { ...options, jumpForward: 'force' })));
  const many = await Promise.all(
    [...REQUESTS, ...REQUESTS, ...REQUESTS].map(([text, options], i) =>
      engine.generate(ask(text), { ...options, tenant: `${i}`, jumpForward: 'force' }),
    ),
  );
  for (const [i, answer] of many.entries()) expect(said(answer)).toEqual(alone[i % alone.length]);
});

const smollm2 = await realModel('smollm2');
const REAL: [string, EngineOptions][] = smollm2 ? [['SmolLM2', { model: smollm2 }]] : [];

describe.each(REAL)('%s', { timeout: 600_000 }, (_name, model) => {
  test('a schema: a quarter of the tokens and more cost no step', async () => {
    await using engine = await Engine.load({ ...model, threads: 1 });
    const options = { temperature: 0, maxTokens: 120, schema: SHAPE } as const;
    const forced = await engine.generate(ask('Order a lamp.'), { ...options, jumpForward: 'force' });
    expect(Object.keys(JSON.parse(forced.text))).toEqual(SHAPE.required);
    expect(forced.usage.forcedTokens).toBeGreaterThan(forced.tokens.length / 4);
  });

  test('a name ends in the token that the model ends it with', async () => {
    await using engine = await Engine.load({ ...model, threads: 1 });
    const endOfName = '":'; // one token: a quotation mark alone must not be forced
    for (const [text, schema] of [
      ['Invent a ferryman, as JSON.', membersOf({ name: WORDS, occupation: WORDS })],
      ['Is water wet? As JSON.', membersOf({ answer: { enum: ['yes', 'no'] }, certain: { type: 'boolean' } })],
    ] as const) {
      const endsOf = async (jumpForward: 'off' | 'force') => {
        const options = { temperature: 0, maxTokens: 60, schema, jumpForward };
        const { tokens, usage } = await engine.generate(ask(text), options);
        const pieces = await Promise.all(tokens.map((token) => engine.detokenize([token])));
        return { ends: pieces.filter((piece) => piece === endOfName).length, forced: usage.forcedTokens };
      };
      expect(await endsOf('off')).toEqual({ ends: 2, forced: 0 });
      const { ends, forced } = await endsOf('force');
      expect(ends).toBe(2);
      expect(forced).toBeGreaterThan(0);
    }
  });
});
