import { Type } from '@sinclair/typebox';
import { z } from 'zod';
import type { JsonSchema, Schema } from '../../src/schema/compile-schema.js';
import { Dice } from './dice.js';
import { byPointer, modernised } from './modern-schema.js';

/** A schema as one tool or library writes it. */
export interface DialectSchema {
  dialect: string;
  schema: Schema;
  /** The schema for an independent check: draft 2020-12, or the zod schema itself. */
  oracle: JsonSchema | z.ZodType;
}

const PATTERNS = [
  '^[a-z]+$',
  '^\\d{4}-\\d{2}$',
  '^\\w{3}\\s\\w{2}$',
  '^[A-Z]{2}\\d{1,3}$',
  '^#[0-9a-fA-F]{6}$',
  'abc',
  '^https?://',
  '\\.png$',
  '^[\\w-.]{1,8}$',
  '^(foo|bar)?$',
  '^\\S+$',
  '^[^"\\\\]{1,5}$',
  '^\\p{L}{1,6}$',
  '^(?!admin)[a-z]{3,8}$',
  '^[a-z0-9]+(?:-[a-z0-9]+)*$',
  '\\bcat\\b',
];

function zodOf(dice: Dice, depth: number): z.ZodType {
  const inner = () => zodOf(dice, depth - 1);
  const leaf = [
    () => z.string(),
    () => z.string().min(2).max(9),
    () => z.string().startsWith('ab'),
    () => z.string().endsWith('.ts'),
    () => z.string().includes('x"y'),
    () => z.string().regex(/^\d{3}$/),
    () => z.string().regex(/[a-c]+/),
    () => z.email(),
    () => z.uuid(),
    () => z.url(),
    () => z.iso.date(),
    () => z.iso.datetime(),
    () => z.iso.time(),
    () => z.ipv4(),
    () => z.ipv6(),
    () => z.nanoid(),
    () => z.cuid(),
    () => z.cuid2(),
    () => z.ulid(),
    () => z.base64(),
    () => z.e164(),
    () => z.emoji(),
    () => z.iso.duration(),
    () => z.cidrv4(),
    () => z.jwt(),
    () => z.string().trim().toLowerCase(),
    () => z.string().length(5),
    () => z.number(),
    () => z.number().min(0).max(1),
    () => z.int().min(-5).max(1_000),
    () => z.number().positive(),
    () => z.number().multipleOf(0.5).min(0).max(5),
    () => z.int().nonnegative(),
    () => z.boolean(),
    () => z.null(),
    () => z.literal('one'),
    () => z.literal([1, 'two', null]),
    () => z.enum(['a', 'b"c', 'd\ne']),
    () => z.any(),
    () => z.unknown(),
  ];
  const branch = [
    () => z.array(inner()).max(2),
    () => z.array(inner()).min(1).max(3),
    () => z.tuple([inner(), inner()]),
    () => z.tuple([inner()], inner()),
    () =>
      z.object(Object.fromEntries(dice.names().map((name) => [name, dice.chance(0.4) ? inner().optional() : inner()]))),
    () => z.strictObject({ a: inner(), b: inner().optional() }),
    () => z.looseObject({ a: inner() }),
    () => z.record(z.string(), inner()),
    () => z.record(z.enum(['k', 'l']), inner()),
    () => z.union([inner(), inner()]),
    () => inner().nullable(),
    () => z.object({ a: z.string() }).and(z.object({ b: z.number() })),
    () =>
      z.discriminatedUnion('kind', [
        z.object({ kind: z.literal('a'), v: inner() }),
        z.object({ kind: z.literal('b') }),
      ]),
    () =>
      z.object({
        a: inner()
          .default(null as never)
          .optional(),
      }),
  ];
  return dice.pick(...(depth <= 0 || dice.chance(0.3) ? leaf : branch))();
}

function typeboxOf(dice: Dice, depth: number): JsonSchema {
  const inner = () => typeboxOf(dice, depth - 1) as never;
  const leaf = [
    () => Type.String(),
    () => Type.String({ minLength: 1, maxLength: 6 }),
    () => Type.String({ pattern: dice.pick(...PATTERNS) }),
    () => Type.String({ format: 'date-time' }),
    () => Type.Number({ minimum: -1.5, exclusiveMaximum: 2.25 }),
    () => Type.Integer({ minimum: 3 }),
    () => Type.Integer({ multipleOf: 5, minimum: 0, maximum: 100 }),
    () => Type.Boolean(),
    () => Type.Null(),
    () => Type.Literal('x'),
    () => Type.Literal(3),
    () => Type.TemplateLiteral([Type.Literal('on-'), Type.Union([Type.Literal('a'), Type.Literal('b')])]),
    () => Type.Any(),
    () => Type.Unknown(),
  ];
  const branch = [
    () => Type.Array(inner(), { maxItems: 2 }),
    () => Type.Array(Type.Integer(), { uniqueItems: true, maxItems: 2 }),
    () => Type.Tuple([inner(), inner()]),
    () =>
      Type.Object(
        Object.fromEntries(dice.names().map((name) => [name, dice.chance(0.4) ? Type.Optional(inner()) : inner()])),
        dice.chance(0.5) ? { additionalProperties: false } : {},
      ),
    () => Type.Record(Type.String(), inner()),
    () => Type.Record(Type.String({ pattern: '^v_[a-z]{1,4}$' }), inner()),
    () => Type.Union([inner(), inner()]),
    () =>
      Type.Intersect([Type.Object({ a: Type.String() }), Type.Object({ b: Type.Optional(inner()) })], {
        unevaluatedProperties: false,
      }),
    () => Type.Composite([Type.Object({ a: Type.Number() }), Type.Object({ c: inner() })]),
    () => Type.Partial(Type.Object({ a: inner(), b: inner() })),
    () =>
      Type.Recursive(
        (self) => Type.Object({ v: Type.Literal('n'), kids: Type.Optional(Type.Array(self, { maxItems: 1 })) }),
        { $id: `Node${dice.below(1e9)}` },
      ),
    () => Type.Union([Type.Literal('a'), Type.Literal('b'), Type.Literal('c')]),
  ];
  return JSON.parse(JSON.stringify(dice.pick(...(depth <= 0 || dice.chance(0.3) ? leaf : branch))())) as JsonSchema;
}

/** Schemas of a document, by hand as generators write them: `ref` names where the shared ones lie. */
function documentOf(dice: Dice, depth: number, ref: string, old: boolean): JsonSchema {
  const inner = () => documentOf(dice, depth - 1, ref, old);
  const nullable = (schema: JsonSchema): JsonSchema =>
    old ? { ...schema, nullable: true } : { anyOf: [schema, { type: 'null' }] };
  const bound = old ? { minimum: 0, exclusiveMinimum: true, maximum: 10 } : { exclusiveMinimum: 0, maximum: 10 };
  const leaf: (() => JsonSchema)[] = [
    () => ({ type: 'string', description: 'a text', example: 'x' }),
    () => ({ type: 'string', minLength: 1, maxLength: 8 }),
    () => ({
      type: 'string',
      format: dice.pick(
        'date',
        'date-time',
        'uuid',
        'email',
        'uri',
        'ipv4',
        'hostname',
        'byte',
        'password',
        'binary',
        'time',
        'duration',
        'ipv6',
      ),
    }),
    () => ({ type: 'string', pattern: dice.pick(...PATTERNS) }),
    () => ({ type: 'string', enum: ['asc', 'desc'] }),
    () => ({ enum: [1, 'a', null, { k: [1, { l: true }] }] }),
    () => ({ type: 'integer', format: dice.pick('int32', 'int64'), minimum: 1 }),
    () => ({ type: 'number', ...bound }),
    () => ({ type: 'number', format: dice.pick('float', 'double'), minimum: -90, maximum: 90 }),
    () => ({ type: 'number', multipleOf: 0.01, minimum: 0 }),
    () => ({ type: 'integer', multipleOf: 10 }),
    () => ({ type: 'boolean', default: true }),
    () => ({ $ref: `${ref}Color` }),
    () => ({ $ref: `${ref}Node` }),
    () => nullable({ type: 'string', maxLength: 4 }),
    () => ({}),
    () => (old ? { type: 'object' } : { type: ['string', 'integer', 'null'], maxLength: 3, maximum: 7 }),
    () => (old ? { type: 'string' } : { const: { a: 1 } }),
    () => ({ type: 'string', enum: Array.from({ length: 40 }, (_, index) => `item-${index}`) }),
  ];
  const branch: (() => JsonSchema)[] = [
    () => ({ type: 'array', items: inner(), maxItems: 2 }),
    () => ({ type: 'array', items: inner(), minItems: 1, maxItems: 2, title: 'List' }),
    () => ({ type: 'object', additionalProperties: inner() }),
    () => ({ type: 'object', additionalProperties: inner(), minProperties: 1, maxProperties: 2 }),
    () => {
      const properties = Object.fromEntries(
        dice.names().map((name) => [name, dice.chance(0.2) ? nullable(inner()) : inner()]),
      );
      return {
        type: 'object',
        title: 'Thing',
        properties,
        required: Object.keys(properties).filter(() => dice.chance(0.5)),
        ...(dice.chance(0.3) ? { additionalProperties: false } : {}),
      };
    },
    () => ({
      allOf: [{ $ref: `${ref}Base` }, { type: 'object', properties: { extra: inner() }, required: ['extra'] }],
    }),
    () => ({ allOf: [{ $ref: `${ref}Color` }], description: 'wrapped' }),
    () => ({ anyOf: [inner(), inner()], title: 'Either' }),
    () => ({ oneOf: [{ $ref: `${ref}Cat` }, { $ref: `${ref}Dog` }], discriminator: { propertyName: 'kind' } }),
    () => nullable({ $ref: `${ref}Base` }),
    () =>
      old
        ? { type: 'array', items: {}, maxItems: 2 }
        : { type: 'array', prefixItems: [inner(), { type: 'integer' }], items: false, minItems: 2, maxItems: 2 },
    () =>
      old
        ? { type: 'object', properties: {} }
        : {
            type: 'object',
            patternProperties: { '^x-': inner() },
            properties: { a: { type: 'null' } },
            additionalProperties: false,
          },
    () => ({
      type: 'object',
      properties: { a: inner(), b: inner() },
      anyOf: [{ required: ['a'] }, { required: ['b'] }],
    }),
  ];
  return dice.pick(...(depth <= 0 || dice.chance(0.3) ? leaf : branch))();
}

const SHARED = (old: boolean) => ({
  Color: { type: 'string', enum: ['red', 'green'], title: 'Color' },
  Base: {
    type: 'object',
    properties: { id: { type: 'integer', minimum: 0, maximum: 99 }, note: { type: 'string', maxLength: 3 } },
    required: ['id'],
  },
  Node: {
    type: 'object',
    properties: {
      v: { type: 'boolean' },
      next: old
        ? { allOf: [{ $ref: '#/components/schemas/Node' }], nullable: true }
        : { anyOf: [{ $ref: '#/components/schemas/Node' }, { type: 'null' }] },
    },
    required: ['v'],
  },
  Cat: {
    type: 'object',
    properties: { kind: { type: 'string', enum: ['cat'] }, lives: { type: 'integer', minimum: 1, maximum: 9 } },
    required: ['kind', 'lives'],
  },
  Dog: {
    type: 'object',
    properties: {
      kind: { type: 'string', enum: ['dog'] },
      tricks: { type: 'array', items: { type: 'string', maxLength: 3 }, maxItems: 2 },
    },
    required: ['kind'],
  },
});

function inDocument(dice: Dice, key: 'components' | '$defs' | 'definitions', old: boolean): JsonSchema {
  const ref = key === 'components' ? '#/components/schemas/' : `#/${key}/`;
  const shared = JSON.parse(JSON.stringify(SHARED(old)).replaceAll('#/components/schemas/', ref)) as JsonSchema;
  return { ...documentOf(dice, 3, ref, old), [key]: key === 'components' ? { schemas: shared } : shared };
}

/** As servers of the Model Context Protocol list their tools: draft-07, an object, descriptions, references into itself. */
function mcpOf(dice: Dice): JsonSchema {
  const body = inDocument(dice, 'definitions', false);
  const { definitions, ...payload } = body;
  return {
    $schema: dice.pick('http://json-schema.org/draft-07/schema#', 'https://json-schema.org/draft/2019-09/schema'),
    type: 'object',
    properties: {
      path: { type: 'string', description: 'Where' },
      limit: { type: 'number', default: 10, minimum: 1, maximum: 100 },
      payload,
      range: {
        type: 'array',
        items: [
          { type: 'integer', minimum: 0, maximum: 9 },
          { type: 'integer', minimum: 0, maximum: 9 },
        ],
        additionalItems: false,
        minItems: 2,
      },
      same: { $ref: '#/properties/range' },
      never: !dice.chance(0.1),
    },
    required: ['path', ...(dice.chance(0.5) ? ['payload', 'range'] : [])],
    additionalProperties: false,
    definitions,
  };
}

/** The `index`-th schema of a run: dialects by turns, everything else from the seed. */
export function dialectSchema(seed: number, index: number): DialectSchema {
  const dice = new Dice(seed * 1_000_003 + index);
  const make = (dialect: string, schema: JsonSchema): DialectSchema => ({
    dialect,
    schema,
    oracle: byPointer(modernised(schema) as JsonSchema),
  });
  switch (index % 6) {
    case 0: {
      const schema = zodOf(dice, 3);
      return { dialect: 'zod', schema: schema as Schema, oracle: schema };
    }
    case 1:
      return make('typebox', typeboxOf(dice, 3));
    case 2:
      return make('openapi 3.0', inDocument(dice, 'components', true));
    case 3:
      return make('openapi 3.1', inDocument(dice, 'components', false));
    case 4:
      return make('pydantic', inDocument(dice, '$defs', false));
    default:
      return make('mcp', mcpOf(dice));
  }
}
