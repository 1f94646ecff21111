import type { Conjunction } from '../alternatives.js';
import { typeOf } from '../check-value.js';
import { emptyNode, type JsonType, type SchemaNode } from '../node.js';
import { RawTexts } from '../raw-texts.js';
import { typesOf, valuesOf } from '../shape.js';
import { spend } from '../work.js';
import { push } from './rule-book.js';
import { GrammarWriter } from './write-grammar.js';

/**
 * A schema as llama.cpp's converter gets it (native/patches): types, property names and items, which the formats of calls ask
 * for, and the rule of each place, which the converter takes as it is.
 */
export interface GrammarSchema {
  type: JsonType | JsonType[];
  'x-rule': string;
  'x-rules'?: ReadonlyMap<string, string>;
  /** Of a place with several types: the rule of the values of each. */
  'x-types'?: Partial<Record<JsonType, string>>;
  /** The rule of the texts of a place as they stand without quotes, when not every text passes. */
  'x-text'?: string;
  'x-texts'?: ReadonlyMap<string, string>;
  properties?: ReadonlyMap<string, GrammarSchema>;
  required?: string[];
  additionalProperties?: false;
  items?: GrammarSchema;
  minItems?: number;
  maxItems?: number;
}

/** Formats that write arguments as elements look this deep; below, values are JSON. */
const DEEPEST = 6;

/**
 * Throws SchemaProblem. `text` names the rules: equal schemas have equal ones. `raw`: some formats write the texts without
 * quotes.
 */
export function grammarSchema(root: SchemaNode, text: string, raw: boolean): GrammarSchema {
  return new Outline(text).write(root, raw ? new RawTexts(text) : undefined);
}

class Outline {
  readonly #writer: GrammarWriter;
  readonly #rules = new Set<string>();
  /** Places that texts may have. */
  readonly #texts: [shape: GrammarSchema, alternatives: readonly Conjunction[]][] = [];

  constructor(text: string) {
    this.#writer = new GrammarWriter(text);
  }

  write(root: SchemaNode, raw: RawTexts | undefined): GrammarSchema {
    const shape = this.#shape([root], 0);
    const rules = this.#writer.finish(shape['x-rule'], this.#rules);
    // A place that no value can have is in no rule of the whole, and yet it may be asked for.
    for (const rule of this.#rules) if (!rules.has(rule)) rules.set(rule, '"\\x00"');
    shape['x-rules'] = rules;
    if (raw) shape['x-texts'] = this.#rawTexts(raw);
    return shape;
  }

  #rawTexts(raw: RawTexts): ReadonlyMap<string, string> {
    for (const [shape, alternatives] of this.#texts) {
      const rule = raw.rule(alternatives);
      if (rule !== undefined) shape['x-text'] = rule;
    }
    return raw.finish();
  }

  #rule(nodes: readonly SchemaNode[], only?: JsonType): string {
    const rule = this.#writer.rule(nodes, only);
    this.#rules.add(rule);
    return rule;
  }

  #shape(nodes: readonly SchemaNode[], depth: number): GrammarSchema {
    const rule = this.#rule(nodes);
    const alternatives = this.#writer.alternatives(nodes);
    const types = [...new Set(alternatives.flatMap(typesIn))];
    const [only = 'null', ...others] = types;
    const shape: GrammarSchema = { type: others.length === 0 ? only : types, 'x-rule': rule };
    if (types.includes('string')) this.#texts.push([shape, alternatives]);
    if (others.length > 0) {
      shape['x-types'] = Object.fromEntries(types.map((type) => [type, this.#rule(nodes, type)]));
    }
    if (depth === DEEPEST || nodes.length === 0) return shape;
    const of = (type: JsonType) => alternatives.filter((all) => typesIn(all).includes(type));
    if (types.includes('array')) Object.assign(shape, this.#items(of('array'), depth));
    if (types.includes('object')) Object.assign(shape, this.#properties(of('object'), depth));
    return shape;
  }

  #items(arrays: readonly Conjunction[], depth: number): Partial<GrammarSchema> {
    const items = arrays.map((nodes) => nodes.flatMap((node) => node.items ?? []));
    const least = Math.min(...arrays.map((nodes) => Math.max(...nodes.map(({ minItems }) => minItems ?? 0))));
    const most = Math.max(...arrays.map((nodes) => Math.min(...nodes.map(({ maxItems }) => maxItems ?? ENDLESS))));
    return {
      items: this.#shape(either(items), depth + 1),
      ...(least > 0 && { minItems: least }),
      ...(most < ENDLESS && { maxItems: most }),
    };
  }

  #properties(objects: readonly Conjunction[], depth: number): Partial<GrammarSchema> {
    const members = membersOf(objects);
    const properties = new Map([...members].map(([name, said]) => [name, this.#shape(either(said), depth + 1)]));
    return {
      properties,
      required: requiredIn(objects).filter((name) => members.has(name)),
      ...(objects.every(isClosed) && { additionalProperties: false }),
    };
  }
}

/** More items than an answer has room for. */
const ENDLESS = 100_000;

/** It lists its properties and has no others. */
function isClosed(nodes: Conjunction): boolean {
  const opens = ({ additionalProperties, patternProperties }: SchemaNode) =>
    patternProperties.length > 0 || (additionalProperties && !additionalProperties.never);
  return nodes.some(({ listsProperties }) => listsProperties) && !nodes.some(opens);
}

/** Of each property: what those of the alternatives say that know it. */
function membersOf(alternatives: readonly Conjunction[]): Map<string, SchemaNode[][]> {
  const members = new Map<string, SchemaNode[][]>();
  for (const nodes of alternatives) {
    const own = new Map<string, SchemaNode[]>();
    for (const { properties } of nodes) {
      spend(properties.size);
      for (const [name, schema] of properties) push(own, name, schema);
    }
    for (const [name, schemas] of own) push(members, name, schemas);
  }
  return members;
}

/** The names that all of the alternatives require. */
function requiredIn(alternatives: readonly Conjunction[]): string[] {
  const [first = new Set<string>(), ...others] = alternatives.map(
    (nodes) => new Set(nodes.flatMap(({ required }) => required)),
  );
  return [...first].filter((name) => others.every((names) => names.has(name)));
}

/** What one of the alternatives, it does not matter which, says of a part. */
function either(alternatives: readonly (readonly SchemaNode[])[]): readonly SchemaNode[] {
  const said = alternatives.filter(({ length }) => length > 0);
  const [first = [], ...more] = said;
  if (more.length === 0) return first;
  const place = first[0]?.place ?? '#';
  const choices = said.map((allOf) => ({ ...emptyNode(place, ++made), allOf }));
  return [{ ...emptyNode(place, ++made), anyOf: [choices] }];
}

let made = 2_000_000_000;

function typesIn(nodes: Conjunction): JsonType[] {
  return valuesOf(nodes)?.map(typeOf) ?? [...typesOf(nodes)];
}
