import { expect, test } from 'vitest';
import { z } from 'zod';
import { compileSchema } from '../../src/schema/compile-schema.js';
import { codeOf, errorOf } from '../support/expect-code.js';

test('a zod schema says itself as JSON Schema and checks with its own rules', async () => {
  const schema = compileSchema('schema', z.object({ city: z.string().min(2), days: z.number().int().optional() }));
  expect(schema.json).toMatchObject({ type: 'object', required: ['city'] });
  expect(schema.json).not.toHaveProperty('$schema');
  expect(await schema.check({ city: 'Oslo' })).toEqual({ ok: true, value: { city: 'Oslo' } });
  expect(await schema.check({ city: 'O' })).toMatchObject({ ok: false, reason: expect.stringContaining('city: ') });
});

test('transforms of a Standard Schema reach the caller', async () => {
  const schema = compileSchema('schema', z.object({ at: z.string().transform((text) => text.length) }));
  expect(schema.json).toMatchObject({ properties: { at: { type: 'string' } } });
  expect(await schema.check({ at: 'four' })).toEqual({ ok: true, value: { at: 4 } });
});

test('a JSON Schema is checked by its letter', async () => {
  const schema = compileSchema('schema', { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] });
  expect(await schema.check({ n: 1 })).toEqual({ ok: true, value: { n: 1 } });
  expect(await schema.check({ n: 'one' })).toMatchObject({ ok: false, reason: 'value/n must be integer' });
});

test('keywords have one order, properties keep theirs', () => {
  const a = compileSchema('a', {
    required: ['z'],
    properties: { z: { minLength: 1, type: 'string' }, a: {} },
    type: 'object',
  });
  const b = compileSchema('b', {
    type: 'object',
    properties: { z: { type: 'string', minLength: 1 }, a: {} },
    required: ['z'],
  });
  expect(JSON.stringify(a.json)).toBe(JSON.stringify(b.json));
  expect(Object.keys(a.json.properties as object)).toEqual(['z', 'a']);
});

test('a validator that throws is a verdict, not a crash', async () => {
  const explode = () => {
    throw new Error('boom');
  };
  const schema = compileSchema('schema', z.object({ n: z.number() }).refine(explode));
  expect(await schema.check({ n: 1 })).toEqual({ ok: false, reason: 'its check failed: boom' });
});

test('the $async of ajv is ignored: a check is a verdict, not a promise of one', async () => {
  const schema = compileSchema('schema', { $async: true, type: 'integer' });
  expect(await schema.check('one')).toMatchObject({ ok: false });
  expect(schema.json).toEqual({ type: 'integer' });
});

test('data in a schema stays as it is', () => {
  const data = { type: 'b', $schema: 'mine', a: 1 };
  for (const keyword of ['default', 'const', 'examples', 'enum']) {
    const value = keyword === 'examples' || keyword === 'enum' ? [data] : data;
    expect(JSON.stringify(compileSchema('s', { [keyword]: value }).json[keyword])).toBe(JSON.stringify(value));
  }
});

test('properties named like keywords are properties', () => {
  const { json } = compileSchema('s', {
    type: 'object',
    properties: { $schema: { type: 'string' }, type: { enum: ['b', 'a'] } },
  });
  expect(json.properties).toEqual({ $schema: { type: 'string' }, type: { enum: ['b', 'a'] } });
});

const cycle: Record<string, unknown> = { type: 'object' };
cycle.properties = { self: cycle };
const deep = Array.from({ length: 50_000 }).reduce<object>((items) => ({ type: 'array', items }), {});

test.each([
  ['a cycle', cycle],
  ['a BigInt', { const: 1n }],
  ['one too deep for any stack', deep],
  ['not an object', 7],
  ['null', null],
  ['an array', []],
  ['a type that does not exist', { type: 'nothing' }],
  ['a reference into nowhere', { $ref: '#/$defs/missing' }],
])('%s is refused with the field', async (_name, schema) => {
  const error = await errorOf(() => compileSchema('tools[0].input', schema as never));
  expect(error).toMatchObject({ code: 'INVALID_SCHEMA', field: 'tools[0].input' });
});

test('a Standard Schema without JSON Schema is refused, and so is one that has none', async () => {
  const silent = { '~standard': { version: 1, vendor: 'silent', validate: () => ({ value: 1 }) } };
  expect(await codeOf(() => compileSchema('schema', silent as never))).toBe('INVALID_SCHEMA');
  expect(await codeOf(() => compileSchema('schema', z.bigint()))).toBe('INVALID_SCHEMA');
});
