import { type CharRange, CharSet, type DFA } from 'refa';
import { type Language, MAX_CHARACTER, writable } from '../text/language.js';
import type { RuleBook, Way } from './rule-book.js';

const ESCAPED = CharSet.empty(MAX_CHARACTER).union([
  { min: 0, max: 0x1f },
  { min: 0x22, max: 0x22 },
  { min: 0x5c, max: 0x5c },
  { min: 0x7f, max: 0x7f },
]);
/** JSON's short escapes, by character. */
const SHORT: Record<number, string> = { 8: 'b', 9: 't', 10: 'n', 12: 'f', 13: 'r', 34: '\\"', 92: '\\\\' };

/** How the characters of a text are written, and what ends it. */
interface Notation {
  close: string;
  /** Those that can be written at all. */
  writable(characters: CharSet): CharSet;
  term(characters: CharSet): string;
}

const CONTROLS = CharSet.empty(MAX_CHARACTER).union([
  { min: 0, max: 0x1f },
  { min: 0x7f, max: 0x7f },
]);
const TAG = CharSet.empty(MAX_CHARACTER).union([{ min: 0x3c, max: 0x3c }]);

const JSON_STRING: Notation = { close: '"\\""', writable, term };
const BARE: Notation = { ...JSON_STRING, close: '""' };
const RAW: Notation = {
  close: '""',
  writable: (characters) => writable(characters).without(CONTROLS),
  term: plainTerm,
};
/** Before a tag: nothing in it looks like one. */
const TAGLESS: Notation = { ...RAW, writable: (characters) => RAW.writable(characters).without(TAG) };

/** The JSON strings of a language, one rule a state: the grammar is as deterministic as the automaton. */
export function writeLanguage(book: RuleBook, language: Language): Way {
  const begin = new States(book, language, JSON_STRING).begin();
  return begin === undefined ? { text: '', needs: [book.reserve()] } : { text: `"\\"" ${begin}`, needs: [begin] };
}

/** The texts of a language as they are: digits, not strings. */
export function writeBare(book: RuleBook, language: Language): Way[] {
  const begin = new States(book, language, BARE).begin();
  return begin === undefined ? [] : [{ text: begin, needs: [begin] }];
}

/** The texts of a language without quotes, before a tag. One without any cannot be written. */
export function writeRaw(book: RuleBook, language: Language): Way {
  const begin = new States(book, language, TAGLESS).begin() ?? new States(book, language, RAW).begin();
  return begin === undefined ? { text: '', needs: [book.reserve()] } : { text: begin, needs: [begin] };
}

/** In characters. */
const LONG_TERM = 200;

class States {
  readonly #book: RuleBook;
  readonly #dfa: DFA;
  readonly #notation: Notation;
  /** States from which a text can end. */
  readonly #live = new Set<DFA.ReadonlyNode>();
  readonly #arrivals = new Map<DFA.ReadonlyNode, number>();
  readonly #rules = new Map<DFA.ReadonlyNode, string>();
  readonly #terms = new Map<string, string>();
  readonly #edges = new Map<DFA.ReadonlyNode, [DFA.ReadonlyNode, CharSet][]>();

  constructor(book: RuleBook, language: Language, notation: Notation) {
    this.#book = book;
    this.#notation = notation;
    this.#dfa = language.dfa;
    const sources = new Map<DFA.ReadonlyNode, DFA.ReadonlyNode[]>();
    for (const node of this.#dfa.nodes()) {
      const out = edges(node, notation);
      this.#edges.set(node, out);
      for (const [to] of out) {
        this.#arrivals.set(to, (this.#arrivals.get(to) ?? 0) + 1);
        const from = sources.get(to);
        if (from) from.push(node);
        else sources.set(to, [node]);
      }
    }
    const open: DFA.ReadonlyNode[] = [...this.#dfa.finals];
    for (let node = open.pop(); node; node = open.pop()) {
      if (this.#live.has(node)) continue;
      this.#live.add(node);
      open.push(...(sources.get(node) ?? []));
    }
    for (const [node, out] of this.#edges)
      this.#edges.set(
        node,
        out.filter(([to]) => this.#live.has(to)),
      );
  }

  /** Undefined: there is no text to write. */
  begin(): string | undefined {
    if (!this.#live.has(this.#dfa.initial)) return undefined;
    const open = [this.#dfa.initial as DFA.ReadonlyNode];
    const rule = (node: DFA.ReadonlyNode): string => {
      const known = this.#rules.get(node);
      if (known !== undefined) return known;
      const name = this.#book.reserve();
      this.#rules.set(node, name);
      open.push(node);
      return name;
    };
    const begin = rule(this.#dfa.initial);
    open.length = 1;
    for (let node = open.pop(); node; node = open.pop()) {
      const ways = this.#out(node).map(([to, characters]) => this.#way(to, characters, rule));
      if (this.#dfa.finals.has(node as DFA.Node)) ways.push({ text: this.#notation.close, needs: [] });
      this.#book.set(rule(node), ways);
    }
    return begin;
  }

  /** Large classes, as of all letters, are rules of their own: a pattern names them again and again. */
  #term(characters: CharSet): string {
    const key = characters.ranges.map(({ min, max }) => `${min}-${max}`).join();
    const known = this.#terms.get(key);
    if (known !== undefined) return known;
    const text = this.#notation.term(characters);
    const written = text.length > LONG_TERM ? this.#book.add([{ text, needs: [] }]) : text;
    this.#terms.set(key, written);
    return written;
  }

  #out(node: DFA.ReadonlyNode): readonly [DFA.ReadonlyNode, CharSet][] {
    return this.#edges.get(node) ?? [];
  }

  /** A character and what follows; a state with one way in and one way out needs no rule of its own. */
  #way(to: DFA.ReadonlyNode, characters: CharSet, rule: (node: DFA.ReadonlyNode) => string): Way {
    const terms = [this.#term(characters)];
    let at = to;
    for (;;) {
      const [only, more] = this.#out(at);
      const plain = at !== this.#dfa.initial && this.#arrivals.get(at) === 1 && !this.#dfa.finals.has(at as DFA.Node);
      if (!plain || !only || more) break;
      terms.push(this.#term(only[1]));
      at = only[0];
    }
    const next = rule(at);
    const shared = terms.filter((text) => !/[^\w-]/.test(text));
    return { text: [...terms, next].join(' '), needs: [next, ...new Set(shared)] };
  }
}

/** By target: refa keeps a target once for each of its ranges. */
function edges(node: DFA.ReadonlyNode, notation: Notation): [DFA.ReadonlyNode, CharSet][] {
  const byTarget = new Map<DFA.ReadonlyNode, CharRange[]>();
  for (const [range, to] of node.out) {
    const ranges = byTarget.get(to);
    if (ranges) ranges.push(range);
    else byTarget.set(to, [range]);
  }
  return [...byTarget]
    .map(([to, ranges]): [DFA.ReadonlyNode, CharSet] => [
      to,
      notation.writable(CharSet.empty(MAX_CHARACTER).union(ranges)),
    ])
    .filter(([, characters]) => !characters.isEmpty);
}

/** One character of a set as it stands in a JSON string. */
function term(characters: CharSet): string {
  const plain = characters.without(ESCAPED);
  const terms = plain.isEmpty ? [] : [plainTerm(plain)];
  let short = '';
  const long = ['', ''];
  for (const { min, max } of characters.intersect(ESCAPED).ranges) {
    for (let code = min; code <= max; code++) {
      if (SHORT[code] !== undefined) short += SHORT[code];
      else if (code < 0x20) long[code >> 4] += (code & 15).toString(16);
      else terms.push('"\\\\u007f"');
    }
  }
  if (short) terms.push(`"\\\\" [${short}]`);
  for (const [high, digits] of long.entries()) if (digits) terms.push(`"\\\\u00${high}" [${digits}]`);
  return terms.length === 1 && !terms[0]?.includes(' ') ? (terms[0] as string) : `( ${terms.join(' | ')} )`;
}

function plainTerm(characters: CharSet): string {
  return `[${characters.ranges.map(({ min, max }) => range(min, max)).join('')}]`;
}

function range(min: number, max: number): string {
  return min === max ? one(min) : `${one(min)}-${one(max)}`;
}

function one(code: number): string {
  const character = String.fromCodePoint(code);
  if (/[A-Za-z0-9]/.test(character)) return character;
  if (code <= 0xff) return `\\x${code.toString(16).padStart(2, '0')}`;
  if (code <= 0xffff) return `\\u${code.toString(16).padStart(4, '0')}`;
  return `\\U${code.toString(16).padStart(8, '0')}`;
}
