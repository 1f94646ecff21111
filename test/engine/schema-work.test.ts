import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { BanyanError } from '../../src/kit/errors.js';
import { compileSchema } from '../../src/schema/compile-schema.js';

function many<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

function objectOf(count: number, make: (index: number) => unknown): Record<string, unknown> {
  return Object.fromEntries(many(count, (index) => [`name${index}`, make(index)]));
}

const texts = (pattern: string) => ({ type: 'string', pattern });
const properties = (count: number, make: (index: number) => unknown) => ({
  type: 'object',
  properties: objectOf(count, make),
});

/** Wide, deep, and what makes automata large; undefined: it may go either way. */
const schemas: [string, Record<string, unknown>, 'enforced' | 'refused' | undefined][] = [
  ['100 optional properties', properties(100, () => ({ type: 'string' })), 'enforced'],
  ['1,000 optional properties', properties(1_000, () => ({ type: 'string' })), 'enforced'],
  ['2,000 optional properties', properties(2_000, () => ({ type: 'string' })), 'refused'],
  ['5,000 required ones', { ...properties(5_000, () => ({})), required: many(5_000, (i) => `name${i}`) }, 'refused'],
  ['300 objects', properties(300, () => properties(3, (i) => ({ type: 'integer', minimum: i }))), undefined],
  ['5,000 values', { enum: many(5_000, (i) => `value-${i * 7919}`) }, 'enforced'],
  ['20,000 values', { enum: many(20_000, (i) => `value-${i * 7919}`) }, undefined],
  ['99,000 values', { enum: many(99_000, (i) => `value-${i}`) }, 'refused'],
  ['a tuple of 5,000', { type: 'array', prefixItems: many(5_000, (i) => ({ const: i })), items: false }, undefined],
  ['a class 2,000 times', texts('^[a-z]{1,2000}$'), 'refused'],
  ['letters 80 times', texts('^\\p{L}[\\p{L}\\p{N} ]{0,80}$'), 'enforced'],
  ['letters 1,400 times', texts('^\\p{L}{1,1400}$'), 'refused'],
  ['a password', texts('^(?=.*[A-Z])(?=.*[a-z])(?=.*\\d)(?=.*[^\\w]).{8,64}$'), 'enforced'],
  ['exponential states', texts('^(a|b)*a(a|b){14}$'), 'refused'],
  ['exponential states of letters', texts('^[\\p{L}\\p{N}]*\\p{Lu}.{9}$'), 'refused'],
  ['nested repetitions', texts('^((a{1,100}){1,100}){1,100}$'), 'refused'],
  ['a pattern of a million characters', texts('a'.repeat(1_000_000)), 'refused'],
  ['100 patterns', properties(100, (i) => texts(`^(a|b)*c(a|b){${5 + (i % 5)}}d${i}$`)), 'enforced'],
  ['300 patterns of names', { type: 'object', patternProperties: objectOf(300, () => ({})) }, undefined],
  ['300 names of 20,000 characters', properties(300, () => ({ const: 'x'.repeat(20_000) })), 'refused'],
  ['3 ways twelve times', { allOf: many(12, (i) => ({ anyOf: many(3, (j) => ({ const: [i, j] })) })) }, undefined],
  ['2,000 alternatives', { anyOf: many(2_000, (i) => properties(2, () => ({ const: i }))) }, undefined],
  [
    '44 alternatives of 44',
    { anyOf: many(44, (i) => ({ anyOf: many(44, (j) => properties(3, () => ({ const: [i, j] }))) })) },
    undefined,
  ],
  [
    '2,000 definitions that refer to each other',
    {
      $ref: '#/$defs/name0',
      $defs: objectOf(2_000, (i) => properties(2, (j) => ({ $ref: `#/$defs/name${(i * 7 + j) % 2_000}` }))),
    },
    'refused',
  ],
];

/** CPU time of this thread: what else the machine does is no part of it. Linux tells it; elsewhere nothing is measured. */
function cpuMilliseconds(): number {
  const path = '/proc/thread-self/schedstat';
  return existsSync(path) ? Number(readFileSync(path, 'utf8').split(' ')[0]) / 1e6 : 0;
}

/** The goal is 100; cores that are shared, and code that is not compiled yet, take theirs. */
const MOST_MILLISECONDS = 400;

test.each(schemas)('%s: enforced or refused with the place, in a short time', (_name, schema, expected) => {
  const start = cpuMilliseconds();
  let outcome: 'enforced' | 'refused' = 'enforced';
  try {
    compileSchema('schema', schema);
  } catch (error) {
    outcome = 'refused';
    expect(error).toBeInstanceOf(BanyanError);
    expect(error).toMatchObject({ code: 'INVALID_SCHEMA', message: expect.stringMatching(/^schema at #/) });
  }
  expect(cpuMilliseconds() - start).toBeLessThan(MOST_MILLISECONDS);
  if (expected) expect(outcome).toBe(expected);
});

test('what is refused does not depend on which patterns are known already', () => {
  const outcome = (title: string) => {
    try {
      compileSchema('schema', { title, ...properties(60, (i) => texts(`^[a-f]{${30 + i},${100 + i}}$`)) });
      return 'enforced';
    } catch (error) {
      return (error as Error).message;
    }
  };
  const first = outcome('first');
  expect(first).toMatch(/too much work/);
  expect(outcome('second')).toBe(first);
});

test('an optional property: two rules, and a comma that leads to all that may follow', () => {
  const sizeOf = (count: number) => {
    const { grammar } = compileSchema(
      'schema',
      properties(count, () => ({ type: 'string' })),
    );
    const rules: Record<string, string> = JSON.parse(grammar)['x-rules'];
    return { rules: Object.keys(rules).length, characters: JSON.stringify(rules).length };
  };
  const [some, many] = [sizeOf(100), sizeOf(600)];
  expect(many.rules - some.rules).toBe(2 * 500);
  expect((many.characters - some.characters) / 500).toBeLessThan(200);
});
