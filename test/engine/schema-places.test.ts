import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { defineTool } from '../../src/agent/tool.js';
import type { Engine } from '../../src/engine/engine.js';
import type { JsonSchema } from '../../src/schema/compile-schema.js';
import { compileSchema } from '../../src/schema/compile-schema.js';
import { languageOf } from '../../src/schema/text/pattern.js';
import { ENDING_MODEL, openEngine } from '../../testing/engine/random-engine.js';
import { errorOf } from '../support/expect-code.js';
import { runChild } from '../support/run-child.js';

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine(ENDING_MODEL);
});
afterAll(() => engine.close());

const mail = (to: unknown): JsonSchema => ({ type: 'object', properties: { to }, required: ['to'] });

test.each([
  ['a pattern that cannot be followed', { type: 'string', pattern: '(a|b+)\\1' }, '#/properties/to/pattern'],
  ['a pattern with too many states', { type: 'string', pattern: '^[a-z]{1,5000}$' }, '#/properties/to/pattern'],
  ['a reference into nowhere', { $ref: '#/$defs/none' }, '#/properties/to/$ref'],
  ['what nothing passes', { allOf: [{ type: 'string' }, { type: 'number' }] }, '#/properties/to'],
  ['a name of 2,000 bytes', { properties: { ['é'.repeat(1_000)]: {} } }, '#/properties/to/properties/é'],
])('%s is refused with tool and place, wherever it is handed over', async (_name, to, place) => {
  const parameters = mail(to);
  const tool = await errorOf(() =>
    defineTool({ name: 'mail', description: 'Sends', input: parameters, execute: () => 'sent' }),
  );
  expect(tool).toMatchObject({ code: 'INVALID_SCHEMA' });
  expect(tool.message).toContain(`input of tool "mail" at ${place}`);
  const answer = await errorOf(() => engine.generate('x', { schema: parameters }));
  expect(answer).toMatchObject({ code: 'INVALID_SCHEMA', field: 'schema' });
  expect(answer.message).toContain(`schema at ${place}`);
  const tools = [{ name: 'mail', description: 'Sends', parameters }];
  const shown = await errorOf(() => engine.generate([{ role: 'user', content: 'x' }], { tools }));
  expect(shown).toMatchObject({ code: 'INVALID_SCHEMA' });
  expect(shown.message).toContain(`tool "mail": tools[0].parameters at ${place}`);
});

/** Patterns of every kind that is followed, and texts that are near to matching. */
const atom = fc.constantFrom('a', 'b', '.', '\\d', '\\w', '\\s', '[ab]', '[^a]', '\\p{L}', '1', ' ');
const quantified = fc
  .tuple(atom, fc.constantFrom('', '', '*', '+', '?', '{2}', '{1,3}'))
  .map((parts) => parts.join(''));
const sequence = fc.array(quantified, { minLength: 1, maxLength: 4 }).map((parts) => parts.join(''));
const group = fc.tuple(sequence, sequence, fc.constantFrom('', '*', '?')).map(([a, b, q]) => `(?:${a}|${b})${q}`);
const ahead = fc.tuple(fc.constantFrom('(?=', '(?!'), sequence).map(([open, inner]) => `${open}${inner})`);
const part = fc.oneof(sequence, group, ahead, fc.constant('\\b'), fc.constant('\\B'));
const pattern = fc
  .tuple(fc.boolean(), fc.array(part, { minLength: 1, maxLength: 3 }), fc.boolean())
  .map(([begin, parts, end]) => `${begin ? '^' : ''}${parts.join('')}${end ? '$' : ''}`);
const text = fc
  .array(fc.constantFrom('a', 'b', '1', ' ', 'é', '😀', '-', '\n'), { maxLength: 8 })
  .map((characters) => characters.join(''));

test('a pattern matches the texts that it matches in JavaScript', () => {
  const matches = (source: string, texts: readonly string[]) => {
    const [ours, theirs] = [languageOf(source), new RegExp(source, 'u')];
    for (const one of texts) {
      // V8 looks for \B between the halves of a surrogate pair too.
      if (source.includes('\\B') && one.includes('😀')) continue;
      expect(`${source} on "${one}": ${ours.has(one)}`).toBe(`${source} on "${one}": ${theirs.test(one)}`);
    }
  };
  fc.assert(fc.property(pattern, fc.array(text, { minLength: 5, maxLength: 20 }), matches), { numRuns: 300, seed: 11 });
});

test('a pattern that takes JavaScript minutes takes a step a character', async () => {
  const schema = compileSchema('schema', { type: 'string', pattern: '^(a+)+$' });
  // JavaScript's own would not come back from this in a lifetime.
  expect(await schema.check(`${'a'.repeat(10_000)}b`)).toMatchObject({ ok: false });
  expect(await schema.check('a'.repeat(10_000))).toMatchObject({ ok: true });
});

test('optional properties come in the order of the author', async () => {
  const names = ['zebra', 'apple', 'mango', 'berry', 'cherry'];
  const properties = Object.fromEntries(names.map((name) => [name, { type: 'boolean' }]));
  const counts = new Set<number>();
  for (let seed = 1; seed <= 20; seed++) {
    const options = { schema: { type: 'object', properties }, seed, temperature: 2, maxTokens: 300 };
    const keys = Object.keys(JSON.parse((await engine.generate('Give me', options)).text) as object);
    expect(keys).toEqual(names.filter((name) => keys.includes(name)));
    counts.add(keys.length);
  }
  expect(counts.size).toBeGreaterThan(1);
});

test('numbers read back finite', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const schema = { type: 'array', items: { type: 'number' }, minItems: 3, maxItems: 3 };
    const { object } = await engine.generate('Give me', { schema, seed, temperature: 3, maxTokens: 400 });
    for (const number of object as number[]) expect(number).toSatisfy(Number.isFinite);
  }
});

test.each([
  ['2,000 items', { type: 'array', items: { type: 'integer' }, minItems: 1_999, maxItems: 2_000 }],
  ['900 members', { type: 'object', additionalProperties: { type: 'null' }, minProperties: 700, maxProperties: 900 }],
  ['long texts', { type: 'string', minLength: 1_500, maxLength: 3_000 }],
  ['bounds of numbers', { type: 'array', items: { type: 'number', minimum: -1.37, maximum: 1391.25 } }],
])('%s: what is not refused is a grammar', async (_name, schema) => {
  await engine.generate('x', { schema, maxTokens: 2 });
});

test('conversions print nothing', { timeout: 60_000 }, async () => {
  const { code, stdout, stderr } = await runChild(
    new URL('./children/convert-schemas.ts', import.meta.url),
    [],
    50_000,
  );
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '', stderr: '' });
});
