import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec';
import { asUnreadable, BanyanError, messageOf } from '../kit/errors.js';
import { type CompiledJson, compileJson, type Use } from './compile-json.js';
import { SchemaProblem } from './read-schema.js';

export type JsonSchema = { readonly [keyword: string]: unknown };

/** Zod 4.2+, ArkType, Valibot (through @valibot/to-json-schema) ...: validates, and can say itself as JSON Schema. */
export type StandardSchema<Output = unknown> = {
  readonly '~standard': StandardSchemaV1.Props<unknown, Output> & StandardJSONSchemaV1.Props;
};

/** What callers pass wherever a schema is asked for. */
export type Schema<Output = unknown> = StandardSchema<Output> | JsonSchema;

/** The type of a value that passed. A bare JSON Schema promises nothing to TypeScript. */
export type Checked<S> = S extends { '~standard': { types?: infer Types } }
  ? NonNullable<Types> extends { output: infer Output }
    ? Output
    : unknown
  : unknown;

/** A value that passed the schema, or why it did not. */
export type Verdict<Output> = { ok: true; value: Output } | { ok: false; reason: string };

export interface CompiledSchema<Output = unknown> {
  /** Keywords in a fixed order, properties in the author's: the model writes them in this order. */
  readonly json: JsonSchema;
  /** What the native half makes the grammar of, as JSON text. */
  readonly grammar: string;
  check(value: unknown): Promise<Verdict<Output>>;
}

/** The `schema` of an answer, if one is asked for. Throws INVALID_SCHEMA; INVALID_OPTION for one that cannot be read. */
export function compileAnswerSchema<Output>(schema: Schema<Output> | undefined): CompiledSchema<Output> | undefined {
  return schema === undefined ? undefined : compileSchema('schema', schema);
}

/** Throws INVALID_SCHEMA with the field; the message names the place in the schema. INVALID_OPTION for one that cannot be read. */
export function compileSchema<Output>(
  field: string,
  schema: Schema<Output>,
  use: Use = 'answer',
): CompiledSchema<Output> {
  try {
    return compileReadable(field, schema, use);
  } catch (cause) {
    throw asUnreadable(field, cause);
  }
}

/** Throws also what a getter or a proxy of the schema throws. */
function compileReadable<Output>(field: string, schema: Schema<Output>, use: Use): CompiledSchema<Output> {
  if (isStandard(schema)) {
    const props = schema['~standard'];
    const json = plain(field, asJsonSchema(field, props));
    const compiled = compilePlain(field, json, use);
    return { json, grammar: compiled.grammar, check: (value) => checkStandard(props, compiled, value) };
  }
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) {
    throw new BanyanError('INVALID_SCHEMA', `${field} must be a JSON Schema object or a Standard Schema`, { field });
  }
  const json = plain(field, schema);
  const { grammar, complaint } = compilePlain(field, json, use);
  return {
    json,
    grammar,
    check: async (value) => {
      const problem = complaint(value);
      return problem ? { ok: false, reason: problem.reason } : { ok: true, value: value as Output };
    },
  };
}

/** What has been made plain already, as a tool's parameters: no second copy is made. */
export function compilePlain(field: string, json: JsonSchema, use: Use): CompiledJson {
  try {
    return compileJson(JSON.stringify(json), use);
  } catch (cause) {
    const what = cause instanceof SchemaProblem ? cause.message : `at #: it is too large: ${messageOf(cause)}`;
    throw new BanyanError('INVALID_SCHEMA', `${field} ${what}`, { field, cause });
  }
}

/** A few shared subschemas can be millions of them when written out. */
const MOST_VALUES = 40_000;

/** A copy that is JSON and nothing else, its keywords in one order. Refuses cycles, BigInt, and what is too deep for the stack. */
function plain(field: string, schema: JsonSchema): JsonSchema {
  try {
    let left = MOST_VALUES;
    const text = JSON.stringify(schema, (_key, value: unknown) => {
      if (--left < 0) throw new RangeError(`it holds more than ${MOST_VALUES} values (shared parts count each time)`);
      return value;
    });
    return orderKeywords(JSON.parse(text) as JsonSchema);
  } catch (cause) {
    throw new BanyanError('INVALID_SCHEMA', `${field} at #: it cannot be written as JSON: ${messageOf(cause)}`, {
      field,
      cause,
    });
  }
}

function isStandard<Output>(schema: Schema<Output>): schema is StandardSchema<Output> {
  return (typeof schema === 'object' || typeof schema === 'function') && schema !== null && '~standard' in schema;
}

function asJsonSchema(field: string, props: StandardSchema['~standard']): JsonSchema {
  if (!props.jsonSchema) {
    const message = `${field}: this ${props.vendor} schema cannot say itself as JSON Schema (zod >= 4.2 can)`;
    throw new BanyanError('INVALID_SCHEMA', message, { field });
  }
  try {
    return props.jsonSchema.input({ target: 'draft-2020-12' });
  } catch (cause) {
    throw new BanyanError('INVALID_SCHEMA', `${field} has no JSON Schema: ${messageOf(cause)}`, { field, cause });
  }
}

/** The library's own check decides; but what does not match a pattern never gets to its regular expressions, which may be slow. */
async function checkStandard<Output>(
  props: StandardSchemaV1.Props<unknown, Output>,
  { complaint }: CompiledJson,
  value: unknown,
): Promise<Verdict<Output>> {
  const problem = complaint(value);
  if (problem?.keyword === 'pattern') return { ok: false, reason: problem.reason };
  try {
    const result = await props.validate(value);
    if (!result.issues) return { ok: true, value: result.value };
    const reasons = result.issues.map((issue) =>
      [issue.path?.map(segment).join('.'), issue.message].filter(Boolean).join(': '),
    );
    return { ok: false, reason: reasons.join('; ') };
  } catch (thrown) {
    return { ok: false, reason: `its check failed: ${messageOf(thrown)}` };
  }
}

function segment(part: PropertyKey | StandardSchemaV1.PathSegment): string {
  return String(typeof part === 'object' ? part.key : part);
}

const KEYWORDS = ['type', 'description', 'properties', 'required', 'additionalProperties'];

/** Equal schemas from different libraries or databases must give equal prompts; the keywords left out say nothing to a model. */
function orderKeywords(schema: JsonSchema): JsonSchema {
  const ordered = Object.keys(schema)
    .filter((key) => key !== '$schema' && key !== '$async') // the latter is ajv's own: checks would give promises
    .sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
    .map((key) => [key, orderInside(key, schema[key])]);
  return Object.fromEntries(ordered) as JsonSchema;
}

function rank(keyword: string): number {
  const index = KEYWORDS.indexOf(keyword);
  return index < 0 ? KEYWORDS.length : index;
}

/** Keywords whose value maps names to schemas keep the author's order of names. */
const NAME_MAPS = ['properties', '$defs', 'definitions', 'patternProperties', 'dependentSchemas'];
/** Keywords whose value is data, not a schema. */
const DATA = ['enum', 'const', 'default', 'examples'];

function orderInside(key: string, value: unknown): unknown {
  if (DATA.includes(key) || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => orderInside('', item));
  if (!NAME_MAPS.includes(key)) return orderKeywords(value as JsonSchema);
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, orderInside('', inner)]));
}
