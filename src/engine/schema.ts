import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec';
import { Ajv2020, type AnySchema } from 'ajv/dist/2020.js';
import { BanyanError, messageOf } from './errors.js';
import { Recent } from './recent.js';

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
  check(value: unknown): Promise<Verdict<Output>>;
}

/** Throws INVALID_SCHEMA with the field. */
export function compileSchema<Output>(field: string, schema: Schema<Output>): CompiledSchema<Output> {
  if (isStandard(schema)) {
    const props = schema['~standard'];
    return { json: plain(field, asJsonSchema(field, props)), check: (value) => checkStandard(props, value) };
  }
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) {
    throw new BanyanError('INVALID_SCHEMA', `${field} must be a JSON Schema object or a Standard Schema`, { field });
  }
  const json = plain(field, schema);
  return { json, check: jsonSchemaCheck<Output>(field, json) };
}

/** A copy that is JSON and nothing else, its keywords in one order. Refuses cycles, BigInt, and what is too deep for the stack. */
function plain(field: string, schema: JsonSchema): JsonSchema {
  try {
    return orderKeywords(JSON.parse(JSON.stringify(schema)) as JsonSchema);
  } catch (cause) {
    throw new BanyanError('INVALID_SCHEMA', `${field} cannot be written as JSON: ${messageOf(cause)}`, {
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

async function checkStandard<Output>(
  props: StandardSchemaV1.Props<unknown, Output>,
  value: unknown,
): Promise<Verdict<Output>> {
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

/** Compiling takes ajv about 15 ms: a program that sends one schema with each request pays once. */
const checks = new Recent<CompiledSchema['check']>(64);

function jsonSchemaCheck<Output>(field: string, schema: JsonSchema): CompiledSchema<Output>['check'] {
  try {
    return checks.get(JSON.stringify(schema), () => {
      const ajv = new Ajv2020({ strict: false, validateFormats: false, logger: false });
      const validate = ajv.compile(schema as AnySchema);
      return async (value) =>
        validate(value)
          ? { ok: true, value }
          : { ok: false, reason: ajv.errorsText(validate.errors, { dataVar: 'value' }) };
    }) as CompiledSchema<Output>['check'];
  } catch (cause) {
    throw new BanyanError('INVALID_SCHEMA', `${field} is not a JSON Schema: ${messageOf(cause)}`, { field, cause });
  }
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
