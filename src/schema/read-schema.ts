import { messageOf } from '../kit/errors.js';
import { isObject, pointerTo } from './json.js';
import { emptyNode, JSON_TYPES, type JsonType, type Pattern, type SchemaNode } from './node.js';
import { References } from './references.js';
import { languageOf } from './text/pattern.js';
import { spend } from './work.js';

/** A schema that is refused, and where: its message begins with the place. */
export class SchemaProblem extends Error {
  constructor(place: string, problem: string) {
    super(`at ${place}: ${problem}`);
  }
}

/** Bounds of what is worked on while the caller waits. */
const MOST_SUBSCHEMAS = 20_000;
const DEEPEST = 128;
/** Formats of calls make rules that are named after properties. */
const LONGEST_NAME = 1_000;

/** Reads the dialects of draft-04 to 2020-12 and of OpenAPI 3.0. Throws SchemaProblem for what none of them means. */
export function readSchema(root: unknown): SchemaNode {
  return new Reader(root).read();
}

function spendAt(place: string, units: number): void {
  try {
    spend(units);
  } catch (cause) {
    throw new SchemaProblem(place, messageOf(cause));
  }
}

type Raw = Record<string, unknown>;

class Reader {
  readonly #nodes = new Map<object, SchemaNode>();
  readonly #references: References;
  readonly #pending: { node: SchemaNode; ref: string; raw: Raw }[] = [];
  readonly #root: unknown;
  #ids = 0;

  constructor(root: unknown) {
    this.#root = root;
    this.#references = new References(root);
  }

  read(): SchemaNode {
    const node = this.#node(this.#root, '#', 0);
    for (let next = this.#pending.pop(); next; next = this.#pending.pop()) {
      const target = this.#references.resolve(next.ref, next.raw);
      const place = pointerTo(next.node.place, '$ref');
      if (!target) throw new SchemaProblem(place, `"${next.ref}" is not in this schema (nothing is fetched)`);
      next.node.ref = this.#node(target.schema, target.place, 0);
    }
    return node;
  }

  #node(raw: unknown, place: string, depth: number): SchemaNode {
    if (depth > DEEPEST) throw new SchemaProblem(place, `it is nested deeper than ${DEEPEST} levels`);
    if (typeof raw === 'boolean') {
      const node = this.#fresh(place);
      node.never = !raw;
      return node;
    }
    if (!isObject(raw)) throw new SchemaProblem(place, 'a schema is an object, true or false');
    const known = this.#nodes.get(raw);
    if (known) return known;
    const node = this.#fresh(place);
    this.#nodes.set(raw, node);
    new NodeReader(raw, node, (inner, key, index) => {
      const at = pointerTo(place, key);
      return this.#node(inner, index === undefined ? at : pointerTo(at, index), depth + 1);
    }).read();
    const ref = raw.$ref ?? raw.$dynamicRef ?? raw.$recursiveRef;
    if (ref !== undefined) {
      if (typeof ref !== 'string') throw new SchemaProblem(pointerTo(place, '$ref'), 'it must be a string');
      this.#pending.push({ node, ref, raw });
    }
    return raw.nullable === true ? this.#nullable(raw, node) : node;
  }

  /** OpenAPI 3.0: the schema, or null, whatever its other keywords say. */
  #nullable(raw: Raw, node: SchemaNode): SchemaNode {
    const wrapper = this.#fresh(node.place);
    const nothing = this.#fresh(node.place);
    nothing.types = new Set(['null']);
    wrapper.anyOf = [[node, nothing]];
    this.#nodes.set(raw, wrapper);
    return wrapper;
  }

  #fresh(place: string): SchemaNode {
    spendAt(place, 12);
    if (++this.#ids > MOST_SUBSCHEMAS)
      throw new SchemaProblem(place, `there are more than ${MOST_SUBSCHEMAS} subschemas`);
    return emptyNode(place, this.#ids);
  }
}

type Inner = (raw: unknown, key: string, index?: string | number) => SchemaNode;

/** Reads the keywords of one subschema. */
class NodeReader {
  readonly #raw: Raw;
  readonly #node: SchemaNode;
  readonly #inner: Inner;

  constructor(raw: Raw, node: SchemaNode, inner: Inner) {
    this.#raw = raw;
    this.#node = node;
    this.#inner = inner;
  }

  read(): void {
    this.#combinations();
    this.#numbers();
    this.#texts();
    this.#arrays();
    this.#objects();
  }

  #combinations(): void {
    const node = this.#node;
    node.types = this.#types();
    const { enum: values } = this.#raw;
    if (values !== undefined) {
      if (!Array.isArray(values) || values.length === 0) throw this.#problem('enum', 'it must be a list of values');
      node.values = values;
    }
    if (Object.hasOwn(this.#raw, 'const')) node.values = [this.#raw.const];
    node.allOf = this.#list('allOf');
    node.anyOf = this.#group('anyOf');
    node.oneOf = this.#group('oneOf');
    node.not = this.#schema('not');
    const condition = this.#schema('if');
    if (condition) node.when = { holds: condition, yes: this.#schema('then'), no: this.#schema('else') };
  }

  #numbers(): void {
    const node = this.#node;
    node.multipleOf = this.#number('multipleOf');
    if (node.multipleOf !== undefined && node.multipleOf <= 0) throw this.#problem('multipleOf', 'it must be above 0');
    node.minimum = this.#number('minimum');
    node.maximum = this.#number('maximum');
    // Until draft-04, and in OpenAPI 3.0, a flag beside the bound.
    if (this.#raw.exclusiveMinimum === true) [node.exclusiveMinimum, node.minimum] = [node.minimum, undefined];
    else if (this.#raw.exclusiveMinimum !== false) node.exclusiveMinimum = this.#number('exclusiveMinimum');
    if (this.#raw.exclusiveMaximum === true) [node.exclusiveMaximum, node.maximum] = [node.maximum, undefined];
    else if (this.#raw.exclusiveMaximum !== false) node.exclusiveMaximum = this.#number('exclusiveMaximum');
  }

  #texts(): void {
    const node = this.#node;
    node.minLength = this.#count('minLength');
    node.maxLength = this.#count('maxLength');
    node.format = this.#string('format');
    const pattern = this.#string('pattern');
    if (pattern !== undefined) node.pattern = this.#pattern(pattern, 'pattern');
  }

  #arrays(): void {
    const node = this.#node;
    const { items } = this.#raw;
    if (Array.isArray(items)) {
      node.prefixItems = this.#list('items');
      node.items = this.#schema('additionalItems');
    } else {
      node.prefixItems = this.#list('prefixItems');
      node.items = this.#schema('items');
    }
    node.minItems = this.#count('minItems');
    node.maxItems = this.#count('maxItems');
    node.uniqueItems = this.#raw.uniqueItems === true;
    node.unevaluatedItems = this.#schema('unevaluatedItems');
    const contained = this.#schema('contains');
    if (!contained) return;
    const max = this.#count('maxContains') ?? Number.POSITIVE_INFINITY;
    node.contains = { schema: contained, min: this.#count('minContains') ?? 1, max };
  }

  #objects(): void {
    const node = this.#node;
    node.properties = this.#map('properties');
    for (const name of node.properties.keys()) {
      if (Buffer.byteLength(name) > LONGEST_NAME)
        throw this.#problem(`properties/${name.slice(0, 40)}...`, `a name has at most ${LONGEST_NAME} bytes`);
    }
    node.listsProperties = this.#raw.properties !== undefined;
    node.patternProperties = [...this.#map('patternProperties')].map(([source, schema]) => ({
      pattern: this.#pattern(source, 'patternProperties', source),
      schema,
    }));
    node.additionalProperties = this.#schema('additionalProperties');
    node.propertyNames = this.#schema('propertyNames');
    // A property's own `required: true` was draft-03; code generators still write it, and it says nothing here.
    node.required = typeof this.#raw.required === 'boolean' ? [] : (this.#names('required', this.#raw.required) ?? []);
    node.minProperties = this.#count('minProperties');
    node.maxProperties = this.#count('maxProperties');
    node.unevaluatedProperties = this.#schema('unevaluatedProperties');
    this.#dependencies();
  }

  #dependencies(): void {
    const node = this.#node;
    const required = new Map<string, readonly string[]>();
    const schemas = new Map(this.#map('dependentSchemas'));
    for (const key of ['dependentRequired', 'dependencies']) {
      for (const [name, value] of this.#members(key)) {
        const names = Array.isArray(value) || key === 'dependentRequired' ? this.#names(key, value) : undefined;
        if (names) required.set(name, names);
        else schemas.set(name, this.#inner(value, key, name));
      }
    }
    node.dependentRequired = required;
    node.dependentSchemas = schemas;
  }

  #types(): ReadonlySet<JsonType> | undefined {
    const { type } = this.#raw;
    if (type === undefined) return undefined;
    const types: unknown[] = Array.isArray(type) ? type : [type];
    const known = types.filter((name): name is JsonType => JSON_TYPES.includes(name as JsonType));
    if (known.length !== types.length || known.length === 0) {
      throw this.#problem('type', `${JSON.stringify(type)} is not among ${JSON_TYPES.join(', ')}`);
    }
    return new Set(known);
  }

  #pattern(source: string, key: string, name?: string): Pattern {
    try {
      return { source, language: languageOf(source) };
    } catch (reason) {
      const place = name === undefined ? key : `${key}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
      throw this.#problem(place, `the pattern ${source} cannot be enforced: ${messageOf(reason)}`);
    }
  }

  #schema(key: string): SchemaNode | undefined {
    const value = this.#raw[key];
    return value === undefined ? undefined : this.#inner(value, key);
  }

  #list(key: string): readonly SchemaNode[] {
    const value = this.#raw[key];
    if (value === undefined) return [];
    if (!Array.isArray(value)) throw this.#problem(key, 'it must be a list of schemas');
    return value.map((inner, index) => this.#inner(inner, key, index));
  }

  #group(key: string): readonly (readonly SchemaNode[])[] {
    const group = this.#list(key);
    if (group.length === 0 && this.#raw[key] !== undefined) throw this.#problem(key, 'it must not be empty');
    return group.length === 0 ? [] : [group];
  }

  #members(key: string): [string, unknown][] {
    const value = this.#raw[key];
    if (value === undefined) return [];
    if (!isObject(value)) throw this.#problem(key, 'it must be an object');
    return Object.entries(value);
  }

  #map(key: string): ReadonlyMap<string, SchemaNode> {
    return new Map(this.#members(key).map(([name, inner]) => [name, this.#inner(inner, key, name)]));
  }

  #names(key: string, value: unknown): readonly string[] | undefined {
    if (value === undefined) return undefined;
    if (Array.isArray(value) && value.every((name) => typeof name === 'string')) return [...new Set<string>(value)];
    throw this.#problem(key, 'it must be a list of names');
  }

  #number(key: string): number | undefined {
    const value = this.#raw[key];
    if (value === undefined) return undefined;
    if (typeof value === 'number' && Number.isFinite(value)) return value;
    throw this.#problem(key, 'it must be a number');
  }

  #count(key: string): number | undefined {
    const value = this.#number(key);
    if (value === undefined || (Number.isInteger(value) && value >= 0)) return value;
    throw this.#problem(key, 'it must be a whole number from 0 on');
  }

  #string(key: string): string | undefined {
    const value = this.#raw[key];
    if (value === undefined || typeof value === 'string') return value;
    throw this.#problem(key, 'it must be a string');
  }

  #problem(key: string, problem: string): SchemaProblem {
    return new SchemaProblem(`${this.#node.place}/${key}`, problem);
  }
}
