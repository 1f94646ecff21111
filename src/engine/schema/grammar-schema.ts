import type { Conjunction } from './alternatives.js';
import { emptyNode, type JsonType, type SchemaNode } from './node.js';
import { typesOf, valuesOf } from './shape.js';
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
    if (only === 'array')
      return {
        ...shape,
        items: this.#shape(
          either(alternatives, (node) => node.items),
          depth + 1,
        ),
      };
    if (only !== 'object') return shape;
    const names = new Set(alternatives.flatMap((all) => all.flatMap(({ properties }) => [...properties.keys()])));
    const required = alternatives.map((all) => new Set(all.flatMap((node) => node.required)));
    const needed = (name: string) => required.every((names) => names.has(name));
    const properties = [...names].map((name): [string, GrammarSchema] => [
      name,
      this.#shape(
        either(alternatives, ({ properties }) => properties.get(name)),
        depth + 1,
      ),
    ]);
    return { ...shape, properties: Object.fromEntries(properties), required: [...names].filter(needed) };
  }
}

/** What one of the alternatives, it does not matter which, says of a part. */
function either(
  alternatives: readonly Conjunction[],
  part: (node: SchemaNode) => SchemaNode | undefined,
): readonly SchemaNode[] {
  const said = alternatives
    .map((nodes) => nodes.flatMap((node) => part(node) ?? []))
    .filter(({ length }) => length > 0);
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
