import { afterAll, beforeAll, expect, test } from 'vitest';
import { Engine } from '../../src/engine/engine.js';
import { schemaGrammar } from '../../src/remote/dialects/schema-grammar.js';
import { compileSchema, type JsonSchema } from '../../src/schema/compile-schema.js';

let engine: Engine;
beforeAll(async () => {
  engine = await Engine.load();
});
afterAll(() => engine.close());

const x: JsonSchema = { type: 'object', properties: { x: { $ref: '#/$defs/x' } } };
const SCHEMAS: [string, JsonSchema][] = [
  ['choices', { type: 'object', properties: { city: { enum: ['Oslo', 'Bergen'] } }, required: ['city'] }],
  ['numbers', { type: 'array', items: { type: 'integer', minimum: 3, maximum: 12 }, minItems: 2, maxItems: 4 }],
  ['a text', { type: 'string', minLength: 3, maxLength: 9, pattern: '^[a-z]+$' }],
  ['several types', { anyOf: [{ type: 'boolean' }, { type: 'null' }, { const: 'yes' }] }],
  ['itself within', { type: 'array', items: { $ref: '#/$defs/x' }, maxItems: 2, $defs: { x } }],
];

test.each(SCHEMAS)('%s: the same answers come from the grammar of a schema', async (_name, schema) => {
  const grammar = schemaGrammar(compileSchema('schema', schema).grammar);
  for (const seed of [1, 2, 3]) {
    const asked = { temperature: 1, seed, maxTokens: 200 };
    const [ours, theirs] = [
      await engine.generate('The answer: ', { ...asked, schema }),
      await engine.generate('The answer: ', { ...asked, grammar }),
    ];
    expect(theirs.text).toBe(ours.text);
    expect(theirs.finishReason).toBe('stop');
  }
});
