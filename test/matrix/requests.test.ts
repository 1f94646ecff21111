import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { NativeRequest, NativeSampling } from '../../src/native/binding.js';
import { CHAT_DEFAULTS } from '../../testing/engine/chat-input.js';
import { randomPrompt } from '../../testing/engine/prompts.js';
import { greedy, nativeRequest, TestEngine } from '../../testing/engine/test-engine.js';
import { codeOf, errorOf } from '../support/expect-code.js';

// What a request may ask, at the limits and beyond. The engine must refuse before it queues, and be as it was.

let engine: TestEngine;
beforeAll(async () => {
  engine = await TestEngine.open({ context: 1024 }, { kvTokens: 512, maxRunning: 4 });
});
afterEach(() => engine.verifyIdle());
afterAll(() => engine.close());

const refuse = (prompt: ArrayLike<number>, changes: Partial<NativeRequest> = {}) =>
  errorOf(() => engine.native.submit(nativeRequest(prompt, changes)));

describe('prompts', () => {
  test('longer than the pool, and than the context', async () => {
    expect((await refuse(randomPrompt(1, 513))).code).toBe('PROMPT_TOO_LONG');
    expect((await refuse(randomPrompt(1, 5000))).code).toBe('PROMPT_TOO_LONG');
  });

  test('one that fills the pool but for one token gets exactly that', async () => {
    const { maxContext } = engine.native.info;
    const outcome = await engine.run(randomPrompt(2, maxContext - 1), { maxTokens: -1 });
    expect(outcome.error).toBeUndefined();
    expect(outcome.reason).toBe('length');
    expect(outcome.tokens.length).toBeGreaterThanOrEqual(1);
    expect(outcome.tokens.length).toBeLessThanOrEqual(2); // the last token needs no place in the cache
  });

  test('maxTokens beyond the context ends with "length" at the context', async () => {
    const { maxContext } = engine.native.info;
    const outcome = await engine.run(randomPrompt(3, maxContext - 20), { maxTokens: 1000 });
    expect(outcome.reason).toBe('length');
    expect(outcome.tokens.length).toBeGreaterThanOrEqual(20);
    expect(outcome.tokens.length).toBeLessThanOrEqual(21);
  });

  test('empty', async () => {
    expect((await refuse([])).code).toBe('INVALID_OPTION');
  });

  test.each([-1, 465, 2 ** 31 - 1, -(2 ** 31)])('a token id of %i, which the model does not have', async (token) => {
    expect(await refuse([1, 2, token])).toMatchObject({ code: 'INVALID_OPTION', field: 'prompt' });
  });
});

describe('an answer that was begun', () => {
  test.each([
    ['is all of the prompt', [1, 2], { begun: 2 }],
    ['is longer than the prompt', [1, 2], { begun: 3 }],
    ['is less than nothing', [1, 2], { begun: -1 }],
    ['is none of its grammar', [1, 2, 3], { begun: 1, grammar: 'root ::= "xyz" [0-9]+', ignoreEos: false }],
    ['wants no more', [1, 2, 3], { begun: 1, maxTokens: 0 }],
  ])('%s', async (_what, prompt, changes) => {
    expect(await refuse(prompt, changes)).toMatchObject({ code: 'INVALID_OPTION', field: 'begun' });
  });

  test('has ended: with an end token, and with a stop text', async () => {
    const [end = -1] = engine.native.tokenize(engine.native.info.eosText, false, true);
    expect(await refuse([1, 2, end], { begun: 1, ignoreEos: false })).toMatchObject({ field: 'begun' });
    const said = await engine.run([1, 2, 3], { maxTokens: 12 });
    const stop = [said.text.slice(0, 2)];
    expect(await refuse([1, 2, 3, ...said.tokens], { begun: said.tokens.length, stop })).toMatchObject({
      field: 'begun',
    });
  });
});

describe('sampling', () => {
  const BAD: [keyof NativeSampling, unknown][] = [
    ...[-1, Number.NaN, Number.POSITIVE_INFINITY, '1', null].map(
      (v) => ['temperature', v] as [keyof NativeSampling, unknown],
    ),
    ...[-1, 1.5, 2 ** 40].map((v) => ['topK', v] as [keyof NativeSampling, unknown]),
    ...[-0.1, 1.1, Number.NaN].map((v) => ['topP', v] as [keyof NativeSampling, unknown]),
    ...[-0.1, 1.1].map((v) => ['minP', v] as [keyof NativeSampling, unknown]),
    ...[Number.NaN, Number.NEGATIVE_INFINITY].map((v) => ['repeatPenalty', v] as [keyof NativeSampling, unknown]),
    ['frequencyPenalty', Number.NaN],
    ['presencePenalty', undefined],
    ['penaltyLastN', -2],
    ['seed', 2 ** 33],
    ['seed', 0.5],
    ['logprobs', 21],
    ['logprobs', -2],
  ];
  test.each(BAD)('%s = %s names the field', async (field, value) => {
    const error = await refuse([1], { sampling: { ...greedy, [field]: value } as NativeSampling });
    expect(error).toMatchObject({ code: 'INVALID_OPTION', field: expect.stringContaining(field) });
  });
});

describe('fields', () => {
  const BAD: [keyof NativeRequest, unknown][] = [
    ['prompt', 'text'],
    ['prompt', [1, 2, 3]],
    ['prompt', new Float32Array(3)],
    ['prompt', undefined],
    ['maxTokens', -2],
    ['promptLogprobs', 21],
    ['promptLogprobs', undefined],
    ['logitBias', undefined],
    ['logitBias', { 1: 1 }],
    ['logitBias', [1]],
    ['logitBias', [[]]],
    ['logitBias', [['1', 1]]],
    ['logitBias', [[-1, 1]]],
    ['logitBias', [[1.5, 1]]],
    ['logitBias', [[2 ** 30, 1]]],
    ['logitBias', [[1, Number.NaN]]],
    ['logitBias', [[1, 100.1]]],
    ['logitBias', Array(1_025).fill([1, 1])],
    ['maxTokens', 1.5],
    ['maxTokens', '8'],
    ['class', 'royal'],
    ['class', undefined],
    ['program', -1],
    ['program', 2 ** 53],
    ['salt', 7],
    ['cache', 'yes'],
    ['sampling', null],
    ['stop', 'END'],
    ['stop', [1]],
    ['stop', ['']],
    ['grammar', 1],
    ['jsonSchema', {}],
    ['chat', {}],
    ['chat', 'format'],
    ['ignoreEos', 1],
  ];
  test.each(BAD)('%s = %j', async (field, value) => {
    const error = await refuse([1], { [field]: value } as Partial<NativeRequest>);
    expect(error).toMatchObject({ code: 'INVALID_OPTION', field: expect.stringContaining(field) });
  });

  test('no request at all', async () => {
    for (const value of [undefined, null, 1, 'text', []])
      expect(await codeOf(() => engine.native.submit(value as unknown as NativeRequest))).toBe('INVALID_OPTION');
  });

  test('any JSON in any field: a code or a request, never anything else', async () => {
    const fields = Object.keys(nativeRequest([1])) as (keyof NativeRequest)[];
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...fields), fc.jsonValue(), async (field, value) => {
        const request = { ...nativeRequest([1], { maxTokens: 1 }), [field]: value } as NativeRequest;
        try {
          engine.native.cancel(engine.native.submit(request));
        } catch (error) {
          expect((error as { code?: string }).code, String(error)).toBeTypeOf('string');
        }
      }),
      { numRuns: 200, seed: 1 },
    );
  });

  test("getters that throw are the caller's own error, and nothing was queued", async () => {
    const before = await engine.stats();
    const trap = { ...nativeRequest([1]) };
    Object.defineProperty(trap, 'maxTokens', {
      get() {
        throw new RangeError('from the getter');
      },
    });
    expect(() => engine.native.submit(trap)).toThrow('from the getter');
    expect((await engine.stats()).submitted).toBe(before.submitted);
  });
});

describe('grammars and schemas', () => {
  const SCHEMAS = [
    '{',
    'null',
    '[]',
    '{"type": "no-such-type"}',
    '{"$ref": "#/nowhere"}',
    '{"type": "string", "pattern": "^(($"}',
    '"text"',
  ];
  test.each(SCHEMAS)('schema %s', async (jsonSchema) => {
    expect((await refuse([1], { jsonSchema })).code).toBe('INVALID_SCHEMA');
  });

  test('a schema nested 10,000 deep', async () => {
    const jsonSchema = `${'{"type":"array","items":'.repeat(10_000)}{}${'}'.repeat(10_000)}`;
    expect((await refuse([1], { jsonSchema })).code).toBe('INVALID_SCHEMA');
  });

  test('a schema that only refers to itself', async () => {
    const jsonSchema = '{"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}';
    expect((await refuse([1], { jsonSchema })).code).toBe('INVALID_SCHEMA');
  });

  const GRAMMARS = ['no-root ::= "a"', 'root ::= missing', '((((', 'root ::= root "a" | "b"'];
  test.each(GRAMMARS)('grammar %s', async (grammar) => {
    expect((await refuse([1], { grammar })).code).toBe('INVALID_GRAMMAR');
  });

  test.each(['root ::=', 'root ::= ""', 'root ::= "a"{1,99999999}', 'root ::= [^\\x00-\\xff]'])(
    'a grammar that allows little, or too much: %s',
    async (grammar) => {
      const outcome = await engine.run(randomPrompt(6, 12), { grammar, ignoreEos: false });
      expect(outcome.error ?? outcome.reason).toBeTypeOf('string');
    },
  );

  test('a grammar with millions of ways to read a token is followed, beside others', async () => {
    const grammar = `root ::= ${'("a"? "b"? "c"?)? '.repeat(80)}`;
    const neighbour = engine.run(randomPrompt(6, 13), { maxTokens: 8 });
    const greedy = engine.run(randomPrompt(6, 14), { grammar, maxTokens: 40 });
    // Ways that stand at the same place are one: the walk of the vocabulary does not multiply them.
    expect(await greedy).toMatchObject({ reason: 'length', text: expect.stringMatching(/^[abc]{40}$/) });
    expect((await neighbour).tokens).toHaveLength(8);
  });

  test('a grammar and a schema at once', async () => {
    expect((await refuse([1], { grammar: 'root ::= "a"', jsonSchema: '{}' })).code).toBe('INVALID_OPTION');
  });

  test('a schema holds whatever the sampling: integers in an enum', async () => {
    const jsonSchema =
      '{"type": "object", "properties": {"n": {"enum": [1, 22, 333]}}, "required": ["n"], "additionalProperties": false}';
    for (const temperature of [0, 1, 100]) {
      const outcome = await engine.run(randomPrompt(temperature, 12), {
        jsonSchema,
        maxTokens: 60,
        ignoreEos: false,
        sampling: { ...greedy, temperature },
      });
      expect(outcome.reason, outcome.text).toBe('stop');
      expect([1, 22, 333]).toContain(JSON.parse(outcome.text).n);
    }
  });

  test('a stop text cuts the output before it, even across tokens', async () => {
    const free = await engine.run(randomPrompt(5, 12), { maxTokens: 40 });
    const stop = free.text.slice(8, 12);
    const cut = await engine.run(randomPrompt(5, 12), { maxTokens: 40, stop: [stop] });
    expect(cut.reason).toBe('stop-sequence');
    expect(cut.text).toBe(free.text.slice(0, free.text.indexOf(stop)));
  });
});

describe('chat', () => {
  const chat = (changes: object) =>
    engine.native.renderChat({
      ...CHAT_DEFAULTS,
      messages: [{ role: 'user', content: 'Hello' }],
      tools: [],
      enableThinking: false,
      ...changes,
    } as Parameters<typeof engine.native.renderChat>[0]);

  const MESSAGES = [
    [],
    [null],
    [1],
    ['text'],
    [{}],
    [{ role: 'user' }],
    [{ role: 7, content: 'x' }],
    [{ role: 'user', content: 7 }],
    [{ role: 'assistant', content: null, tool_calls: 'none' }],
    [{ role: 'assistant', content: null, tool_calls: [{}] }],
  ];
  test.each(MESSAGES.map((messages) => [JSON.stringify(messages), messages]))('messages %s', async (_, messages) => {
    expect(['INVALID_MESSAGES', 'INVALID_TEMPLATE', 'INVALID_OPTION']).toContain(
      await codeOf(() => chat({ messages })),
    );
  });

  test.each([[[1]], [[{}]], [[{ type: 'function' }]], [[{ type: 'function', function: { name: 7 } }]]])(
    'tools %j',
    async (tools) => {
      expect(await codeOf(() => chat({ tools }))).toBe('INVALID_TOOLS');
    },
  );

  test('any JSON as messages: a code or a prompt', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.jsonValue(), { maxLength: 3 }), async (messages) => {
        const error = await chat({ messages }).then(
          () => undefined,
          (reason) => reason,
        );
        if (error !== undefined) expect(error.code, String(error)).toBeTypeOf('string');
      }),
      { numRuns: 100, seed: 2 },
    );
  });

  test('lone surrogates and NUL are only text; a megabyte, which can never fit, is refused', async () => {
    for (const content of ['\ud800', 'a\0b']) {
      const { tokens } = await chat({ messages: [{ role: 'user', content }] });
      expect(tokens.length).toBeGreaterThan(0);
    }
    const long = [{ role: 'user', content: 'x'.repeat(1_000_000) }];
    expect(await codeOf(() => chat({ messages: long }))).toBe('PROMPT_TOO_LONG');
  });
});

describe.each([
  '{% for',
  '{{ raise_exception("no") }}',
  '{% for i in range(10**9) %}{% endfor %}',
  '{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}',
  '{{ messages | no_such_filter }}',
  '{% for i in range(1000000000) %}{% endfor %}',
  '{% for i in range(30000) %}{% for j in range(30000) %}{% endfor %}{% endfor %}',
  '{% set ns = namespace(x="ha") %}{% for i in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}',
  '{% set ns = namespace(x="aa") %}{% for i in range(6) %}{% set ns.x = ns.x | replace("a", ns.x) %}{% endfor %}',
  '{{ "ha" * 1000000000000 }}',
  '{{ "ha" | indent(1000000000000) }}',
  '{% set a = [1] %}{% set _ = a.append(a) %}{{ a }}',
  '{% set a = [1] %}{% set _ = a.append(a) %}{{ a | tojson }}',
  '{% set ns = namespace(x=[]) %}{% for i in range(30000) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x | string }}',
])('template %s', (chatTemplate) => {
  test('an error with a code, at load or at render; the engine goes on', { timeout: 60_000 }, async () => {
    const use = async () => {
      const broken = await TestEngine.open({}, { chatTemplate });
      try {
        await broken.native.renderChat({
          messages: [{ role: 'user', content: 'x' }],
          tools: [],
          toolChoice: 'auto',
          parallelToolCalls: false,
          addGenerationPrompt: true,
          jsonSchema: '',
          grammar: '',
          enableThinking: false,
          continueAnswer: false,
          templateArgs: {},
        });
      } finally {
        expect((await broken.run([1, 2, 3])).tokens).toHaveLength(8);
        await broken.close();
      }
    };
    const refused = chatTemplate.includes('raise_exception') ? 'INVALID_MESSAGES' : 'INVALID_TEMPLATE';
    expect(await codeOf(use)).toBe(refused);
  });
});

test.each(['{% if %}', '{{ 1 + }}', '{% for m in messages %}'])(
  'what the parser says of the template %s is said',
  async (chatTemplate) => {
    const error = await errorOf(() => TestEngine.open({}, { chatTemplate }));
    expect(error).toMatchObject({ code: 'INVALID_TEMPLATE', field: 'chatTemplate' });
    expect(error.message).toMatch(/token/i); // not `std::exception`
  },
);
