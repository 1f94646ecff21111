import type { Conjunction } from '../alternatives.js';
import type { SchemaNode } from '../node.js';
import { SchemaProblem } from '../read-schema.js';
import { textOf } from '../shape.js';
import { Language } from '../text/language.js';
import { literal, needing, type RuleWriter, type Way } from './rule-book.js';

/** Between two required properties: more places where the next word may belong take the sampler too long. */
const MOST_OPTIONAL = 1_000;

interface Property {
  name: string;
  required: boolean;
  /** `"name": value`. */
  member: Way;
}

/** Objects: properties in the author's order, then what else is let in. */
export function objectWays(writer: RuleWriter, nodes: Conjunction): Way[] {
  const names = new Set(nodes.flatMap(({ properties }) => [...properties.keys()]));
  const required = new Set(nodes.flatMap((node) => node.required));
  const min = Math.max(...nodes.map(({ minProperties }) => minProperties ?? 0));
  const max = Math.min(...nodes.map(({ maxProperties }) => maxProperties ?? Number.POSITIVE_INFINITY));
  if (required.size > max) return [];
  const properties = [...new Set([...names, ...required])].flatMap((name): Property[] => {
    const schemas = nodes.flatMap((node) => schemasOf(node, name));
    if (schemas.some(({ never }) => never)) return required.has(name) ? [impossible(writer, name)] : [];
    const rule = writer.rule(schemas);
    const text = `${literal(JSON.stringify(name))} space ":" space ${rule}`;
    return [{ name, required: required.has(name), member: { text, needs: [rule] } }];
  });
  checkOptional(nodes, properties);
  const more = moreMembers(writer, nodes, [...names, ...required]);
  if (properties.length === 0) return mapWays(writer, more, min, max);
  return sequence(writer, properties, more, min > required.size);
}

function impossible(writer: RuleWriter, name: string): Property {
  return { name, required: true, member: needing(writer.book.reserve()) };
}

function checkOptional(nodes: Conjunction, properties: readonly Property[]): void {
  let run = 0;
  for (const { name, required } of properties) {
    run = required ? 0 : run + 1;
    if (run <= MOST_OPTIONAL) continue;
    const place = nodes.find((node) => node.properties.has(name))?.properties.get(name)?.place ?? '#';
    throw new SchemaProblem(place, `it is one of more than ${MOST_OPTIONAL} optional properties in a row`);
  }
}

/** What one subschema says of a property. */
function schemasOf(node: SchemaNode, name: string): SchemaNode[] {
  const own = node.properties.get(name);
  const schemas = own ? [own] : [];
  for (const { pattern, schema } of node.patternProperties) if (pattern.language.has(name)) schemas.push(schema);
  if (schemas.length === 0 && node.additionalProperties) schemas.push(node.additionalProperties);
  if (node.propertyNames && !textOfName(node.propertyNames).has(name)) return [{ ...node.propertyNames, never: true }];
  return schemas;
}

function textOfName(names: SchemaNode): Language {
  if (names.never) return Language.none;
  if (names.values) return Language.ofTexts(names.values.filter((value) => typeof value === 'string'));
  const { language, min, max } = textOf([names]);
  return max === Number.POSITIVE_INFINITY && min === 0 ? language : language.and(Language.ofLength(min, max));
}

/** Members that no property names: by `patternProperties`, and by `additionalProperties` where it is a schema or true. */
function moreMembers(writer: RuleWriter, nodes: Conjunction, names: readonly string[]): string[] {
  const patterns = nodes.flatMap((node) => node.patternProperties.map((one) => ({ ...one, node })));
  const rest = nodes.flatMap(({ additionalProperties }) => additionalProperties ?? []);
  const listed = names.length > 0 || patterns.length > 0 || nodes.some(({ listsProperties }) => listsProperties);
  const others = (rest.length > 0 || !listed) && !rest.some(({ never }) => never);
  if (patterns.length === 0 && !others) return [];
  let free = names.length > 0 ? Language.ofTexts(names).not() : Language.all;
  for (const { propertyNames } of nodes) if (propertyNames) free = free.and(textOfName(resolved(propertyNames)));
  const members: string[] = [];
  const member = (keys: Language, schemas: readonly SchemaNode[]) => {
    if (keys.isEmpty || schemas.some(({ never }) => never)) return;
    const key = keys === Language.all ? { text: 'json-string', needs: ['json-string'] } : writer.language(keys);
    const rule = writer.rule(schemas);
    members.push(writer.book.add([{ text: `${key.text} space ":" space ${rule}`, needs: [...key.needs, rule] }]));
  };
  for (const { pattern, node } of patterns) {
    const keys = free.and(pattern.language);
    const same = patterns.filter((other) => !keys.and(other.pattern.language).isEmpty).map(({ schema }) => schema);
    const strangers = nodes.filter((other) => other !== node && other.additionalProperties);
    member(keys, [...same, ...strangers.flatMap(({ additionalProperties }) => additionalProperties ?? [])]);
    free = free.without(pattern.language);
  }
  if (others) member(free, rest);
  return members;
}

/** Names are texts: a reference to an enumeration is followed. */
function resolved(names: SchemaNode): SchemaNode {
  let node = names;
  for (let hops = 0; node.ref && hops < 100; hops++) node = node.ref;
  return node;
}

/** An object without properties of its own. */
function mapWays(writer: RuleWriter, more: readonly string[], min: number, max: number): Way[] {
  const ways: Way[] = min === 0 ? [{ text: '"{" space "}"', needs: [] }] : [];
  if (more.length === 0 || max === 0) return ways;
  const member = writer.book.add(more.map((name) => ({ text: name, needs: [name] })));
  const others = writer.book.repeat({ text: `"," space ${member}`, needs: [member] }, Math.max(0, min - 1), max - 1);
  ways.push({ text: `"{" space ${member} ${others.text} space "}"`, needs: [member, ...others.needs] });
  return ways;
}

/**
 * Built from the end. `next` begins with a member, one of those from here on; `after` stands behind a member. So a property is
 * written once, and one comma leads to all that may follow.
 */
function sequence(
  writer: RuleWriter,
  properties: readonly Property[],
  more: readonly string[],
  filled: boolean,
): Way[] {
  const { book } = writer;
  const end: Way = { text: 'space "}"', needs: [] };
  const comma = (next: string): Way => ({ text: `"," space ${next}`, needs: [next] });
  let after = book.reserve();
  const others = more.map((member) => ({ text: `${member} ${after}`, needs: [member, after] }));
  let next = others.length > 0 ? book.add(others) : book.reserve();
  book.set(after, more.length > 0 ? [end, comma(next)] : [end]);
  let mayEnd = true;
  for (const { required, member } of [...properties].reverse()) {
    const here: Way = { text: `${member.text} ${after}`, needs: [...member.needs, after] };
    next = book.add(required ? [here] : [here, needing(next)]);
    mayEnd &&= !required;
    after = book.add(mayEnd ? [end, comma(next)] : [comma(next)]);
  }
  const begin = mayEnd && !filled ? book.add([needing(next), { text: '"}"', needs: [] }]) : next;
  return [{ text: `"{" space ${begin}`, needs: [begin] }];
}
