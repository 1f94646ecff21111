import type { Language } from './text/language.js';

export type JsonType = 'null' | 'boolean' | 'integer' | 'number' | 'string' | 'array' | 'object';
export const JSON_TYPES: readonly JsonType[] = ['null', 'boolean', 'integer', 'number', 'string', 'array', 'object'];

/** A `pattern` as it was written, and the texts it matches. */
export interface Pattern {
  readonly source: string;
  readonly language: Language;
}

/**
 * One subschema in the words of draft 2020-12, whatever the dialect it was written in. Built by readSchema, fixed afterwards;
 * references make a graph of it, so walks over it need a bound.
 */
export interface SchemaNode {
  /** JSON pointer into the author's schema, for messages: `#/properties/city`. */
  readonly place: string;
  readonly id: number;
  /** The schema `false`. */
  never: boolean;
  types: ReadonlySet<JsonType> | undefined;
  /** Of `enum` or `const`. */
  values: readonly unknown[] | undefined;
  ref: SchemaNode | undefined;
  allOf: readonly SchemaNode[];
  /** Each group: at least one of it. */
  anyOf: readonly (readonly SchemaNode[])[];
  /** Each group: exactly one of it. */
  oneOf: readonly (readonly SchemaNode[])[];
  not: SchemaNode | undefined;
  /** `if`, `then`, `else`. */
  when: { holds: SchemaNode; yes: SchemaNode | undefined; no: SchemaNode | undefined } | undefined;

  minimum: number | undefined;
  maximum: number | undefined;
  exclusiveMinimum: number | undefined;
  exclusiveMaximum: number | undefined;
  multipleOf: number | undefined;

  minLength: number | undefined;
  maxLength: number | undefined;
  pattern: Pattern | undefined;
  format: string | undefined;

  prefixItems: readonly SchemaNode[];
  items: SchemaNode | undefined;
  contains: { schema: SchemaNode; min: number; max: number } | undefined;
  minItems: number | undefined;
  maxItems: number | undefined;
  uniqueItems: boolean;
  unevaluatedItems: SchemaNode | undefined;

  properties: ReadonlyMap<string, SchemaNode>;
  /** `properties` is there, maybe empty: an object has these and, unless something is said of others, no more. */
  listsProperties: boolean;
  patternProperties: readonly { pattern: Pattern; schema: SchemaNode }[];
  additionalProperties: SchemaNode | undefined;
  propertyNames: SchemaNode | undefined;
  required: readonly string[];
  minProperties: number | undefined;
  maxProperties: number | undefined;
  dependentRequired: ReadonlyMap<string, readonly string[]>;
  dependentSchemas: ReadonlyMap<string, SchemaNode>;
  unevaluatedProperties: SchemaNode | undefined;
}

/** Nothing, shared by all nodes: a wide schema has thousands. */
const NONE: readonly never[] = [];
const NO_MEMBERS: ReadonlyMap<string, never> = new Map<string, never>();

/** Has no references and no combinations: what it says, it says by itself. */
export function standsAlone({ ref, allOf, anyOf, oneOf }: SchemaNode): boolean {
  return !ref && allOf.length + anyOf.length + oneOf.length === 0;
}

export function emptyNode(place: string, id: number): SchemaNode {
  return {
    place,
    id,
    never: false,
    types: undefined,
    values: undefined,
    ref: undefined,
    allOf: NONE,
    anyOf: NONE,
    oneOf: NONE,
    not: undefined,
    when: undefined,
    minimum: undefined,
    maximum: undefined,
    exclusiveMinimum: undefined,
    exclusiveMaximum: undefined,
    multipleOf: undefined,
    minLength: undefined,
    maxLength: undefined,
    pattern: undefined,
    format: undefined,
    prefixItems: NONE,
    items: undefined,
    contains: undefined,
    minItems: undefined,
    maxItems: undefined,
    uniqueItems: false,
    unevaluatedItems: undefined,
    properties: NO_MEMBERS,
    listsProperties: false,
    patternProperties: NONE,
    additionalProperties: undefined,
    propertyNames: undefined,
    required: NONE,
    minProperties: undefined,
    maxProperties: undefined,
    dependentRequired: NO_MEMBERS,
    dependentSchemas: NO_MEMBERS,
    unevaluatedProperties: undefined,
  };
}

const NOTHING = emptyNode('#', 0);
const KEYWORDS = (Object.keys(NOTHING) as (keyof SchemaNode)[]).filter((name) => name !== 'id' && name !== 'place');

/** Something is said beside the keywords `but`. */
export function saysMore(node: SchemaNode, but: readonly (keyof SchemaNode)[] = []): boolean {
  return KEYWORDS.some((name) => sizeOf(node[name]) !== sizeOf(NOTHING[name]) && !but.includes(name));
}

/** 0 for what is not there. */
function sizeOf(value: SchemaNode[keyof SchemaNode]): unknown {
  if (Array.isArray(value)) return value.length;
  return value instanceof Map ? value.size : value;
}
