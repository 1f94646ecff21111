import { isObject } from '../../schema/json.js';

/**
 * A tool as templates can show it that know one name of a type a property: of several the first that is not null, of none
 * the likeliest, of null alone `string`. Its grammar stays as it is.
 */
export function withPlainTypes(tool: unknown): unknown {
  const { function: shown, ...others } = tool as { function: { parameters: Record<string, unknown> } };
  return { ...others, function: { ...shown, parameters: plain(shown.parameters) } };
}

/** The depth is bounded: the schema was compiled. */
function plain(schema: unknown): unknown {
  if (!isObject(schema)) return schema === true ? { type: 'string' } : schema;
  const inner = Object.entries(schema).map(([key, value]): [string, unknown] => {
    if (key === 'properties' && isObject(value)) {
      return [key, Object.fromEntries(Object.entries(value).map(([name, one]) => [name, plain(one)]))];
    }
    return [key, key === 'items' && isObject(value) ? plain(value) : value];
  });
  return { ...Object.fromEntries(inner), type: typeName(schema) ?? 'string' };
}

/** Undefined: nothing but null. */
function typeName(schema: Record<string, unknown>): string | undefined {
  const { type, anyOf, oneOf } = schema;
  if (type !== undefined)
    return [type].flat().find((name): name is string => typeof name === 'string' && name !== 'null');
  const choices = [anyOf, oneOf].flat().filter(isObject);
  const first = choices.map(typeName).find((name) => name !== undefined);
  return first ?? (schema.properties === undefined ? 'string' : 'object');
}
