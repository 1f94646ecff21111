import type { Conjunction } from './alternatives.js';
import { emptyNode, type JsonType, type SchemaNode } from './node.js';
import { push } from './rule-book.js';
import { typesOf, valuesOf } from './shape.js';
import { spend } from './work.js';
import { GrammarWriter } from './write-grammar.js';

/**
 * A schema as llama.cpp's converter gets it (native/patches): types, property names and items, which the formats of calls ask
 * for, and the rule of each place, which the converter takes as it is.
 */
export interface GrammarSchema {
  type: JsonType | JsonType[];
  'x-rule': string;
  'x-rules'?: Record<string, string>;
  properties?: Record<string, GrammarSchema>;
  required?: string[];
  items?: GrammarSchema;
}

/** Formats that write arguments as elements look this deep; below, values are JSON. */
const DEEPEST = 6;

/** Throws SchemaProblem. `text` names the rules: equal schemas have equal ones. */
export function grammarSchema(root: SchemaNode, text: string): GrammarSchema {
  return new Outline(text).write(root);
}

class Outline {
  readonly #writer: GrammarWriter;
  readonly #rules = new Set<string>();

  constructor(text: string) {
    this.#writer = new GrammarWriter(text);
  }

  write(root: SchemaNode): GrammarSchema {
    const shape = this.#shape([root], 0);
    const rules = this.#writer.finish(shape['x-rule']);
    // A place that no value can have is in no rule of the whole, and yet it may be asked for.
    for (const rule of this.#rules) rules[rule] ??= '"\\x00"';
    return { ...shape, 'x-rules': rules };
  }

  #shape(nodes: readonly SchemaNode[], depth: number): GrammarSchema {
    const rule = this.#writer.rule(nodes);
    this.#rules.add(rule);
    const alternatives = this.#writer.alternatives(nodes);
    const types = [...new Set(alternatives.flatMap(typesIn))];
    const [only = 'null', ...others] = types;
    const shape: GrammarSchema = { type: others.length === 0 ? only : types, 'x-rule': rule };
    if (depth === DEEPEST || others.length > 0) return shape;
    if (only === 'array') {
      const items = alternatives.map((nodes) => nodes.flatMap((node) => node.items ?? []));
      return { ...shape, items: this.#shape(either(items), depth + 1) };
    }
    if (only !== 'object') return shape;
    const members = membersOf(alternatives);
    const properties = Object.fromEntries(
      [...members].map(([name, said]) => [name, this.#shape(either(said), depth + 1)]),
    );
    return { ...shape, properties, required: requiredIn(alternatives).filter((name) => members.has(name)) };
  }
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
  const values = valuesOf(nodes);
  if (!values) return [...typesOf(nodes)];
  return values.map((value) => {
    if (value === null) return 'null';
    if (Array.isArray(value)) return 'array';
    const type = typeof value;
    return type === 'string' || type === 'number' || type === 'boolean' ? type : 'object';
  });
}
