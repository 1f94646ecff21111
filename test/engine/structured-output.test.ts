import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import type { Engine } from '../../src/engine/engine.js';
import { compileSchema, type JsonSchema } from '../../src/schema/compile-schema.js';
import { ENDING_MODEL, openEngine } from '../../testing/engine/random-engine.js';
import { errorOf } from '../support/expect-code.js';

/** Bytes that begin a character beyond ASCII, or none at all. */
const LEAD_BYTES = Array.from({ length: 64 }, (_, index) => String.fromCodePoint(0xc0 + index));

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine(ENDING_MODEL);
});
afterAll(() => engine.close());

/** Bounded everywhere, so that a random model comes to an end. */
const leaf: fc.Arbitrary<JsonSchema> = fc.oneof(
  fc.constantFrom<JsonSchema>({ type: 'boolean' }, { type: 'null' }, { type: 'integer' }, { type: 'number' }),
  fc.record({ type: fc.constant('string'), maxLength: fc.integer({ min: 0, max: 12 }) }),
  fc.record({
    enum: fc.uniqueArray(fc.oneof(fc.string({ maxLength: 6 }), fc.integer()), { minLength: 1, maxLength: 4 }),
  }),
);
const { schema } = fc.letrec<{ schema: JsonSchema }>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    leaf,
    fc.record({ type: fc.constant('array'), items: tie('schema'), maxItems: fc.constantFrom(1, 2) }),
    fc
      .dictionary(fc.stringMatching(/^[a-z][a-z_]{0,7}$/), tie('schema'), {
        minKeys: 1,
        maxKeys: 3,
        noNullPrototype: true,
      })
      .chain((properties) =>
        fc
          .subarray(Object.keys(properties))
          .map((required) => ({ type: 'object', properties, required, additionalProperties: false })),
      ),
  ),
}));

test('an answer with a schema always parses and passes it', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(schema, fc.integer({ min: 0, max: 2 ** 31 }), async (json, seed) => {
      const { text, object, finishReason } = await engine.generate('Give me', { schema: json, seed, maxTokens: 1_500 });
      expect(finishReason, `${JSON.stringify(json)} gave ${text}`).toBe('stop');
      expect(object).toEqual(JSON.parse(text));
      expect(await compileSchema('again', json).check(object)).toMatchObject({ ok: true });
    }),
    { numRuns: 60 },
  );
});

test('the same through the chat template', async () => {
  const person = z.object({ name: z.string().max(8), age: z.int(), tags: z.array(z.enum(['a', 'b'])).max(2) });
  for (let seed = 0; seed < 8; seed++) {
    const messages = [{ role: 'user' as const, content: 'Who?' }];
    const { object } = await engine.generate(messages, { schema: person, seed, maxTokens: 300 });
    expect(person.safeParse(object).success).toBe(true);
  }
});

test('what a grammar cannot follow is checked at the end', async () => {
  const unique = { type: 'array', items: { type: 'boolean' }, uniqueItems: true, minItems: 3, maxItems: 3 }; // impossible
  const error = await errorOf(() => engine.generate('x', { schema: unique, maxTokens: 200 }));
  expect(error).toMatchObject({ code: 'INVALID_OUTPUT', field: 'schema' });
});

test('a grammar lets bytes through only where they make characters', async () => {
  const logitBias = { ...Object.fromEntries(LEAD_BYTES.map((byte) => [byte, 5])), '"': 4, '<|im_end|>': 6 };
  await using babbling = await openEngine({ architecture: 'qwen2', logitBias });
  const json: JsonSchema = { type: 'string', minLength: 1, maxLength: 4 };
  let beyondAscii = 0;
  for (let seed = 0; seed < 40; seed++) {
    const { text, finishReason } = await babbling.generate('Say', {
      schema: json,
      seed,
      temperature: 1,
      maxTokens: 200,
    });
    expect(finishReason).toBe('stop');
    const said = JSON.parse(text) as string;
    expect(said).not.toContain('\ufffd');
    expect([...said].length).toBeLessThanOrEqual(4);
    if (/[^\0-\x7f]/.test(said)) beyondAscii++;
  }
  expect(beyondAscii).toBeGreaterThan(20);
});
