import { createHash } from 'node:crypto';
import { TooManyNodesError } from 'refa';
import { alternativesOf, type Conjunction, idsOf } from '../alternatives.js';
import { typeOf } from '../check-value.js';
import { type JsonType, type SchemaNode, saysMore } from '../node.js';
import { SchemaProblem } from '../read-schema.js';
import { rangeOf, textOf, typesOf, valuesOf } from '../shape.js';
import { Language, TooManyStates } from '../text/language.js';
import { TooMuchWork } from '../work.js';
import { literal, needing, RuleBook, type RuleWriter, type Way } from './rule-book.js';
import { arrayWays } from './write-array.js';
import { integerWays, numberWays } from './write-number.js';
import { objectWays } from './write-object.js';
import { steppedNumbers } from './write-steps.js';
import { writeBare, writeLanguage } from './write-text.js';
import { writeValues } from './write-values.js';

/** llama.cpp looks for left recursion recursively, a level a rule. */
const MOST_RULES = 15_000;

/** Enumerations from this size on are written letter by letter. */
const MANY_VALUES = 8;

/** Writes the rules of one schema. What no rule can say is left to the check at the end (see README.md). */
export class GrammarWriter implements RuleWriter {
  readonly book: RuleBook;
  readonly #rules = new Map<string, string>();
  readonly #open: { nodes: readonly SchemaNode[]; only: JsonType | undefined; name: string }[] = [];
  readonly #texts = new Map<Language, Way>();
  #dead: string | undefined;
  readonly #alternatives = new Map<string, Conjunction[]>();

  constructor(schema: string) {
    this.book = new RuleBook(`s${createHash('sha256').update(schema).digest('hex').slice(0, 10)}-`);
  }

  /** The rule of values that pass all of `nodes`, of those of one type only if it is given; its ways are written later. */
  rule(nodes: readonly SchemaNode[], only?: JsonType): string {
    const key = only === undefined ? idsOf(nodes) : `${idsOf(nodes)} ${only}`;
    const known = this.#rules.get(key);
    if (known !== undefined) return known;
    const primitive = primitiveOf(nodes, only);
    if (primitive !== undefined) return primitive;
    const name = this.book.reserve();
    this.#rules.set(key, name);
    this.#open.push({ nodes, only, name });
    return name;
  }

  /** The ways to pass all of `nodes`, found once. */
  alternatives(nodes: readonly SchemaNode[]): readonly Conjunction[] {
    const key = idsOf(nodes);
    const known = this.#alternatives.get(key) ?? alternativesOf(nodes);
    this.#alternatives.set(key, known);
    return known;
  }

  /** GBNF bodies by name, of `root` and of others that may be asked for. Throws SchemaProblem. */
  finish(root: string, others: Iterable<string>): Map<string, string> {
    for (let next = this.#open.pop(); next; next = this.#open.pop()) {
      const place = next.nodes[0]?.place ?? '#';
      const ways = this.#placed(place, () =>
        this.alternatives(next.nodes).flatMap((nodes) => this.#ways(nodes, next.only)),
      );
      if (ways.length === 0) this.#dead ??= place;
      this.book.set(next.name, ways);
      if (this.book.size > MOST_RULES) {
        throw new SchemaProblem(place, `here the grammar of the schema becomes larger than ${MOST_RULES} rules`);
      }
    }
    const rules = this.book.write(root, others);
    if (!rules) throw new SchemaProblem(this.#dead ?? '#', 'no value, or none that ends, can pass this');
    return rules;
  }

  /** What becomes too large has a place. */
  #placed<T>(place: string, make: () => T): T {
    try {
      return make();
    } catch (thrown) {
      if (thrown instanceof TooManyNodesError) throw new SchemaProblem(place, new TooManyStates().message);
      throw thrown instanceof TooMuchWork ? new SchemaProblem(place, thrown.message) : thrown;
    }
  }

  #ways(nodes: Conjunction, only: JsonType | undefined): Way[] {
    const counts = (type: JsonType) => only === undefined || type === only;
    const values = valuesOf(nodes);
    if (values) return this.#values(only === undefined ? values : values.filter((value) => counts(typeOf(value))));
    if (nodes.length === 0 && only === undefined) return [needing('json-value')];
    return [...typesOf(nodes)].filter(counts).flatMap((type) => this.#typed(type, nodes));
  }

  #typed(type: JsonType, nodes: Conjunction): Way[] {
    switch (type) {
      case 'null':
      case 'boolean':
        return [needing(`json-${type}`)];
      case 'integer':
      case 'number':
        return this.#numbers(type, nodes);
      case 'string':
        return [this.#text(nodes)];
      case 'array':
        return arrayWays(this, nodes);
      case 'object':
        return objectWays(this, nodes);
    }
  }

  #values(values: readonly unknown[]): Way[] {
    if (values.length >= MANY_VALUES) return writeValues(this.book, values);
    return values.map((value) => ({ text: literal(JSON.stringify(value)), needs: [] }));
  }

  #numbers(type: 'integer' | 'number', nodes: Conjunction): Way[] {
    const range = rangeOf(nodes);
    const steps = nodes.flatMap(({ multipleOf }) => (multipleOf === undefined ? [] : [multipleOf]));
    const [step] = steps;
    const steppedAnyway = type === 'integer' && step !== undefined && Number.isInteger(1 / step);
    if (step !== undefined && steps.length === 1 && !steppedAnyway) {
      const stepped = steppedNumbers(step, range);
      if ('ways' in stepped) return stepped.ways;
      const texts = type === 'integer' ? stepped.texts.filter((text) => !text.includes('.')) : stepped.texts;
      return writeBare(this.book, Language.ofTexts(texts));
    }
    const whole = type === 'integer' || steps.some((step) => Number.isInteger(step));
    const endless = range.min === Number.NEGATIVE_INFINITY && range.max === Number.POSITIVE_INFINITY;
    if (endless) return [needing(whole ? 'json-integer' : 'json-number')];
    return whole ? integerWays(range) : numberWays(range);
  }

  #text(nodes: Conjunction): Way {
    const { language, min, max } = textOf(nodes);
    if (language !== Language.all) return this.language(language);
    if (min === 0 && max === Number.POSITIVE_INFINITY) return needing('json-string');
    if (min > max) return needing(this.book.reserve());
    const inner = this.book.repeat(needing('json-char'), min, max);
    return { text: `"\\"" ${inner.text} "\\""`, needs: inner.needs };
  }

  /** The JSON strings of a language. */
  language(language: Language): Way {
    const known = this.#texts.get(language);
    if (known) return known;
    const way = writeLanguage(this.book, language);
    this.#texts.set(language, way);
    return way;
  }
}

/** The rule of JSON's own that says all there is to say. */
function primitiveOf(nodes: readonly SchemaNode[], only: JsonType | undefined): string | undefined {
  if (nodes.length === 0) return only === undefined ? 'json-value' : undefined;
  const [node] = nodes;
  if (nodes.length > 1 || !node?.types || node.types.size > 1 || saysMore(node, ['types'])) return undefined;
  const [type] = node.types;
  const known = type !== undefined && (only ?? type) === type && type !== 'array' && type !== 'object';
  return known ? `json-${type}` : undefined;
}
