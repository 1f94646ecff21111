import type { JsonSchema } from '../../src/schema/compile-schema.js';

/** 2020-12, whatever the dialect: what OpenAPI 3.0 and draft-07 say otherwise is said in its words. */
export function modernised(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(modernised);
  if (typeof schema !== 'object' || schema === null) return schema;
  const { nullable, enum: values, const: constant, ...rest } = schema as Record<string, unknown>;
  const out: Record<string, unknown> = Object.fromEntries(
    Object.entries(rest).map(([key, value]) => [key, modernised(value)]),
  );
  if (values !== undefined) out.enum = values;
  if (constant !== undefined) out.const = constant;
  if (out.exclusiveMinimum === true) [out.exclusiveMinimum, out.minimum] = [out.minimum, undefined];
  if (Array.isArray(out.items)) [out.prefixItems, out.items] = [out.items, out.additionalItems];
  for (const key of ['$schema', 'additionalItems', 'discriminator']) delete out[key];
  for (const key of ['minimum', 'items']) if (out[key] === undefined) delete out[key];
  if (nullable !== true) return out;
  const { components, ...own } = out;
  return { anyOf: [own, { type: 'null' }], ...(components === undefined ? {} : { components }) };
}

/** With pointers in place of names: ajv finds no name behind `prefixItems`. */
export function byPointer(root: JsonSchema): JsonSchema {
  const places = new Map<string, string>();
  const find = (value: unknown, place: string): void => {
    if (typeof value !== 'object' || value === null) return;
    const { $id } = value as JsonSchema;
    if (typeof $id === 'string') places.set($id, place);
    for (const [key, inner] of Object.entries(value)) {
      find(inner, `${place}/${encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1'))}`);
    }
  };
  find(root, '#');
  const replaced = JSON.stringify(root, (key, value: unknown) => {
    if (key === '$id' && typeof value === 'string') return undefined;
    return key === '$ref' && typeof value === 'string' ? (places.get(value) ?? value) : value;
  });
  return JSON.parse(replaced) as JsonSchema;
}
