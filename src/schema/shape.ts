import type { Conjunction } from './alternatives.js';
import { checkValue, typeOf } from './check-value.js';
import { EVERY_NUMBER, type Range } from './grammar/write-number.js';
import { JSON_TYPES, type JsonType, type SchemaNode, saysMore } from './node.js';
import { SchemaProblem } from './read-schema.js';
import { formatLanguage } from './text/formats.js';
import { Language } from './text/language.js';
import { spend } from './work.js';

const TEXT = ['minLength', 'maxLength', 'pattern', 'format'] as const;
const NUMBER = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'] as const;
const ARRAY = ['items', 'contains', 'minItems', 'maxItems', 'unevaluatedItems'] as const;
const OBJECT = [
  'additionalProperties',
  'propertyNames',
  'minProperties',
  'maxProperties',
  'unevaluatedProperties',
] as const;

/**
 * The types a value may have. A subschema that names none but speaks of texts, numbers, arrays or objects means these: by the
 * letter it would let everything else through.
 */
export function typesOf(nodes: Conjunction): ReadonlySet<JsonType> {
  const [only] = nodes;
  if (nodes.length === 1 && only?.types?.size === 1) return only.types;
  let types = new Set<JsonType>(JSON_TYPES);
  const implied = new Set<JsonType>();
  for (const node of nodes) {
    if (node.types) types = new Set([...types].filter((type) => allows(node.types, type)));
    else for (const type of impliedTypes(node)) implied.add(type);
  }
  if (types.has('number')) types.delete('integer');
  const meant = [...types].filter((type) => implied.has(type));
  return meant.length > 0 && meant.length < types.size ? new Set(meant) : types;
}

function allows(types: ReadonlySet<JsonType> | undefined, type: JsonType): boolean {
  return !types || types.has(type) || (type === 'integer' && types.has('number'));
}

function impliedTypes(node: SchemaNode): JsonType[] {
  const types: JsonType[] = [];
  if (TEXT.some((key) => node[key] !== undefined && !(key === 'format' && isNumeric(node.format))))
    types.push('string');
  if (NUMBER.some((key) => node[key] !== undefined) || isNumeric(node.format)) types.push('number', 'integer');
  if (node.prefixItems.length > 0 || node.uniqueItems || ARRAY.some((key) => node[key] !== undefined))
    types.push('array');
  const members = Number(node.listsProperties) + node.patternProperties.length + node.required.length;
  const depends = node.dependentRequired.size + node.dependentSchemas.size;
  if (members + depends > 0 || OBJECT.some((key) => node[key] !== undefined)) types.push('object');
  return types;
}

function isNumeric(format: string | undefined): boolean {
  return format === 'int32' || format === 'int64' || format === 'float' || format === 'double';
}

/** Of `enum` and `const`: the values that pass everything else too. Undefined: the conjunction names none. */
export function valuesOf(nodes: Conjunction): readonly unknown[] | undefined {
  if (!found.has(nodes)) found.set(nodes, passingValues(nodes));
  return found.get(nodes);
}

const found = new WeakMap<Conjunction, readonly unknown[] | undefined>();

function passingValues(nodes: Conjunction): readonly unknown[] | undefined {
  const source = nodes.find((node) => node.values);
  if (!source?.values) return undefined;
  // The common case, a plain enumeration, may have thousands of values.
  const { types } = source;
  spend(source.values.length * 1.5);
  if (nodes.length === 1 && !saysMore(source, ['types', 'values']) && source.values.every(isPlain)) {
    const values = new Set(source.values);
    return types ? [...values].filter((value) => allows(types, typeOf(value))) : [...values];
  }
  spend(source.values.length * nodes.length * 4);
  const judges = nodes.map((node) => (node === source ? { ...node, values: undefined } : node));
  const passing = source.values.filter((value) => judges.every((node) => checkValue(node, value) === undefined));
  const texts = new Set(passing.map((value) => JSON.stringify(value)));
  return [...texts].map((text): unknown => JSON.parse(text));
}

function isPlain(value: unknown): boolean {
  return typeof value !== 'object' || value === null;
}

export function rangeOf(nodes: Conjunction): Range {
  const range: Range = { ...EVERY_NUMBER };
  const above = (min: number, open: boolean) => {
    if (min > range.min || (min === range.min && open)) [range.min, range.minOpen] = [min, open];
  };
  const below = (max: number, open: boolean) => {
    if (max < range.max || (max === range.max && open)) [range.max, range.maxOpen] = [max, open];
  };
  for (const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, format } of nodes) {
    if (minimum !== undefined) above(minimum, false);
    if (exclusiveMinimum !== undefined) above(exclusiveMinimum, true);
    if (maximum !== undefined) below(maximum, false);
    if (exclusiveMaximum !== undefined) below(exclusiveMaximum, true);
    if (format === 'int32') {
      above(-(2 ** 31), false);
      below(2 ** 31 - 1, false);
    }
  }
  return range;
}

export interface Text {
  language: Language;
  min: number;
  max: number;
}

/** Longer texts than this are counted by the grammar only where no pattern has to be followed too. */
const COUNTED = 1_000;

export function textOf(nodes: Conjunction): Text {
  let language = Language.all;
  let [min, max] = [0, Number.POSITIVE_INFINITY];
  const place = nodes.find(({ pattern }) => pattern)?.place ?? nodes[0]?.place ?? '#';
  try {
    for (const node of nodes) {
      min = Math.max(min, node.minLength ?? 0);
      max = Math.min(max, node.maxLength ?? max);
      language = language.and(ownLanguage(node));
    }
    const bounded = max <= COUNTED || (max === Number.POSITIVE_INFINITY && min <= COUNTED);
    if (language === Language.all || !bounded || (min === 0 && max === Number.POSITIVE_INFINITY))
      return { language, min, max };
    return { language: language.and(Language.ofLength(min, max)), min: 0, max: Number.POSITIVE_INFINITY };
  } catch (cause) {
    const { message } = cause as Error;
    throw new SchemaProblem(place, `pattern, format and length together cannot be enforced: ${message}`);
  }
}

/** Code generators write a pattern beside a format to say it more exactly (zod: a time without a zone); then the pattern counts. */
function ownLanguage({ pattern, format }: SchemaNode): Language {
  const named = format === undefined ? undefined : formatLanguage(format);
  if (!pattern) return named ?? Language.all;
  if (!named) return pattern.language;
  const both = pattern.language.and(named);
  return both.isEmpty ? pattern.language : both;
}
