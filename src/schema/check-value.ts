import { canonicalJson } from '../kit/canonical-json.js';
import { isObject, pointerTo, sameJson } from './json.js';
import type { JsonType, SchemaNode } from './node.js';
import { hasFormat } from './text/formats.js';

/** Why a value does not pass. */
export interface Complaint {
  keyword: string;
  /** In the words of ajv: `value/n must be integer`. */
  reason: string;
}

/**
 * Undefined: the value passes. Walks the schema instead of compiling it: what a compiler of checks takes for a wide schema
 * (seconds for 2,000 properties) would hold up everything else in the process. Patterns cost a step a character.
 */
export function checkValue(schema: SchemaNode, value: unknown): Complaint | undefined {
  const walk = new Walk();
  return walk.visit(schema, value, 'value', 0) ? undefined : walk.complaint;
}

/** What of an array or object a schema had a say in, for `unevaluatedItems` and `unevaluatedProperties`. */
class Said {
  readonly names = new Set<string>();
  readonly items = new Set<number>();

  add(other: Said): void {
    for (const name of other.names) this.names.add(name);
    for (const item of other.items) this.items.add(item);
  }
}

/** Deeper than any value can be that came from a model: a schema that refers to itself without going into the value. */
const DEEPEST = 1_000;

class Walk {
  complaint: Complaint | undefined;
  /** Alternatives are tried quietly. */
  #quiet = 0;
  readonly #known = new Map<string, Said | false>();

  visit(node: SchemaNode, value: unknown, path: string, depth: number): Said | false {
    const key = `${node.id} ${path}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const said =
      depth > DEEPEST ? this.#fail('$ref', path, 'refers to itself') : this.#visit(node, value, path, depth + 1);
    this.#known.set(key, said);
    return said;
  }

  #visit(node: SchemaNode, value: unknown, path: string, depth: number): Said | false {
    const said = new Said();
    const passes =
      this.#type(node, value, path) &&
      this.#combinations(node, value, path, depth, said) &&
      (typeof value !== 'number' || this.#number(node, value, path)) &&
      (typeof value !== 'string' || this.#text(node, value, path)) &&
      (!Array.isArray(value) || this.#array(node, value, path, depth, said)) &&
      (!isObject(value) || this.#object(node, value, path, depth, said));
    return passes && said;
  }

  #fail(keyword: string, path: string, problem: string): false {
    if (this.#quiet === 0) this.complaint ??= { keyword, reason: `${path} ${problem}` };
    return false;
  }

  #type({ never, types, values }: SchemaNode, value: unknown, path: string): boolean {
    if (never) return this.#fail('false schema', path, 'must not be there');
    if (types && !types.has(typeOf(value)) && !(typeOf(value) === 'integer' && types.has('number'))) {
      return this.#fail('type', path, `must be ${[...types].join(' or ')}`);
    }
    if (!values || values.some((allowed) => sameJson(allowed, value))) return true;
    return this.#fail(
      'enum',
      path,
      values.length === 1 ? 'must be equal to constant' : 'must be equal to one of the allowed values',
    );
  }

  #combinations(node: SchemaNode, value: unknown, path: string, depth: number, said: Said): boolean {
    for (const part of node.ref ? [node.ref, ...node.allOf] : node.allOf) {
      const heard = this.visit(part, value, path, depth);
      if (!heard) return false;
      said.add(heard);
    }
    for (const group of node.anyOf) {
      const heard = group.map((part) => this.#try(part, value, path, depth)).filter((one) => one !== false);
      if (heard.length === 0) return this.#fail('anyOf', path, 'must match a schema in anyOf');
      for (const one of heard) said.add(one);
    }
    for (const group of node.oneOf) {
      const heard = group.map((part) => this.#try(part, value, path, depth)).filter((one) => one !== false);
      if (!heard[0] || heard.length > 1) return this.#fail('oneOf', path, 'must match exactly one schema in oneOf');
      said.add(heard[0]);
    }
    if (node.not && this.#try(node.not, value, path, depth)) return this.#fail('not', path, 'must not be valid');
    return !node.when || this.#condition(node.when, value, path, depth, said);
  }

  #condition(when: NonNullable<SchemaNode['when']>, value: unknown, path: string, depth: number, said: Said): boolean {
    const holds = this.#try(when.holds, value, path, depth);
    if (holds) said.add(holds);
    const then = holds ? when.yes : when.no;
    const heard = then && this.visit(then, value, path, depth);
    if (heard) said.add(heard);
    return heard !== false;
  }

  #try(node: SchemaNode, value: unknown, path: string, depth: number): Said | false {
    this.#quiet++;
    const said = this.visit(node, value, path, depth);
    this.#quiet--;
    return said;
  }

  #number(node: SchemaNode, value: number, path: string): boolean {
    const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf, format } = node;
    if (minimum !== undefined && value < minimum) return this.#fail('minimum', path, `must be >= ${minimum}`);
    if (maximum !== undefined && value > maximum) return this.#fail('maximum', path, `must be <= ${maximum}`);
    if (exclusiveMinimum !== undefined && value <= exclusiveMinimum)
      return this.#fail('exclusiveMinimum', path, `must be > ${exclusiveMinimum}`);
    if (exclusiveMaximum !== undefined && value >= exclusiveMaximum)
      return this.#fail('exclusiveMaximum', path, `must be < ${exclusiveMaximum}`);
    if (multipleOf !== undefined && !isMultiple(value, multipleOf))
      return this.#fail('multipleOf', path, `must be multiple of ${multipleOf}`);
    return this.#format(format, value, path);
  }

  #text({ minLength, maxLength, pattern, format }: SchemaNode, value: string, path: string): boolean {
    if (minLength !== undefined || maxLength !== undefined) {
      const { length } = [...value];
      if (length < (minLength ?? 0))
        return this.#fail('minLength', path, `must NOT have fewer than ${minLength} characters`);
      if (length > (maxLength ?? length))
        return this.#fail('maxLength', path, `must NOT have more than ${maxLength} characters`);
    }
    if (pattern && !pattern.language.has(value))
      return this.#fail('pattern', path, `must match pattern "${pattern.source}"`);
    return this.#format(format, value, path);
  }

  #format(format: string | undefined, value: string | number, path: string): boolean {
    return (
      format === undefined || hasFormat(format, value) || this.#fail('format', path, `must match format "${format}"`)
    );
  }

  #array(node: SchemaNode, value: unknown[], path: string, depth: number, said: Said): boolean {
    const { prefixItems, items, contains, minItems, maxItems, uniqueItems, unevaluatedItems } = node;
    if (value.length < (minItems ?? 0))
      return this.#fail('minItems', path, `must NOT have fewer than ${minItems} items`);
    if (value.length > (maxItems ?? value.length))
      return this.#fail('maxItems', path, `must NOT have more than ${maxItems} items`);
    for (const [index, item] of value.entries()) {
      const schema = prefixItems[index] ?? items;
      if (!schema) continue;
      if (!this.visit(schema, item, pointerTo(path, index), depth)) return false;
      said.items.add(index);
    }
    if (uniqueItems && new Set(value.map((item) => canonicalJson(item))).size < value.length)
      return this.#fail('uniqueItems', path, 'must NOT have duplicate items');
    if (contains) {
      const found = value.flatMap((item, index) =>
        this.#try(contains.schema, item, pointerTo(path, index), depth) ? [index] : [],
      );
      if (found.length < contains.min || found.length > contains.max)
        return this.#fail('contains', path, `must contain at least ${contains.min} valid item(s)`);
      for (const index of found) said.items.add(index);
    }
    if (!unevaluatedItems) return true;
    return value.every(
      (item, index) => said.items.has(index) || this.visit(unevaluatedItems, item, pointerTo(path, index), depth),
    );
  }

  #object(node: SchemaNode, value: Record<string, unknown>, path: string, depth: number, said: Said): boolean {
    const names = Object.keys(value);
    const { minProperties, maxProperties, required, dependentRequired } = node;
    if (names.length < (minProperties ?? 0))
      return this.#fail('minProperties', path, `must NOT have fewer than ${minProperties} properties`);
    if (names.length > (maxProperties ?? names.length))
      return this.#fail('maxProperties', path, `must NOT have more than ${maxProperties} properties`);
    for (const name of required) if (!Object.hasOwn(value, name)) return this.#missing(name, path);
    for (const [name, others] of dependentRequired) {
      const missing = Object.hasOwn(value, name) ? others.find((other) => !Object.hasOwn(value, other)) : undefined;
      if (missing !== undefined) return this.#missing(missing, path);
    }
    if (!names.every((name) => this.#member(node, name, value[name], path, depth, said))) return false;
    for (const [name, schema] of node.dependentSchemas) {
      const heard = Object.hasOwn(value, name) && this.visit(schema, value, path, depth);
      if (heard) said.add(heard);
      else if (Object.hasOwn(value, name)) return false;
    }
    const { unevaluatedProperties: rest } = node;
    if (!rest) return true;
    return names.every((name) => said.names.has(name) || this.#extra(rest, name, value[name], path, depth, said));
  }

  #missing(name: string, path: string): false {
    return this.#fail('required', path, `must have required property '${name}'`);
  }

  #member(node: SchemaNode, name: string, value: unknown, path: string, depth: number, said: Said): boolean {
    if (node.propertyNames && !this.visit(node.propertyNames, name, `${path} property name '${name}'`, depth))
      return false;
    const own = node.properties.get(name);
    const schemas = own ? [own] : [];
    for (const { pattern, schema } of node.patternProperties) if (pattern.language.has(name)) schemas.push(schema);
    if (schemas.length === 0 && node.additionalProperties) {
      return this.#extra(node.additionalProperties, name, value, path, depth, said);
    }
    if (schemas.length > 0) said.names.add(name);
    return schemas.every((schema) => this.visit(schema, value, pointerTo(path, name), depth) !== false);
  }

  #extra(schema: SchemaNode, name: string, value: unknown, path: string, depth: number, said: Said): boolean {
    if (schema.never) return this.#fail('additionalProperties', path, `must NOT have additional property '${name}'`);
    said.names.add(name);
    return this.visit(schema, value, pointerTo(path, name), depth) !== false;
  }
}

export function typeOf(value: unknown): JsonType {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  if (typeof value === 'boolean' || typeof value === 'string') return typeof value as 'boolean' | 'string';
  return 'object';
}

/** 0.07 is a multiple of 0.01, though their quotient is 7.000000000000001. */
function isMultiple(value: number, of: number): boolean {
  const quotient = value / of;
  return Math.abs(quotient - Math.round(quotient)) <= 1e-9 * Math.max(1, Math.abs(quotient));
}
