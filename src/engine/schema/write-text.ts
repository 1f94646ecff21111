import { CharSet, type DFA } from 'refa';
import { type Language, MAX_CHARACTER, writable } from './language.js';
import type { RuleBook, Way } from './rule-book.js';

const ESCAPED = CharSet.empty(MAX_CHARACTER).union([
  { min: 0, max: 0x1f },
  { min: 0x22, max: 0x22 },
  { min: 0x5c, max: 0x5c },
  { min: 0x7f, max: 0x7f },
]);
/** JSON's short escapes, by character. */
const SHORT: Record<number, string> = { 8: 'b', 9: 't', 10: 'n', 12: 'f', 13: 'r', 34: '\\"', 92: '\\\\' };

/** The JSON strings of a language, one rule a state: the grammar is as deterministic as the automaton. */
export function writeLanguage(book: RuleBook, language: Language): Way {
  const begin = new States(book, language, '"\\""').begin();
  return begin === undefined ? { text: '', needs: [book.reserve()] } : { text: `"\\"" ${begin}`, needs: [begin] };
}

/** The texts of a language as they are: digits, not strings. */
export function writeBare(book: RuleBook, language: Language): Way[] {
  const begin = new States(book, language, '""').begin();
  return begin === undefined ? [] : [{ text: begin, needs: [begin] }];
}

class States {
  readonly #book: RuleBook;
  readonly #dfa: DFA;
  readonly #close: string;
  /** States from which a text can end. */
  readonly #live = new Set<DFA.ReadonlyNode>();
  readonly #arrivals = new Map<DFA.ReadonlyNode, number>();
  readonly #rules = new Map<DFA.ReadonlyNode, string>();

  constructor(book: RuleBook, language: Language, close: string) {
    this.#book = book;
    this.#close = close;
    this.#dfa = language.dfa;
    const sources = new Map<DFA.ReadonlyNode, DFA.ReadonlyNode[]>();
    for (const node of this.#dfa.nodes()) {
      for (const [to] of edges(node)) {
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
      const ways = this.#edges(node).map(([to, characters]) => this.#way(to, characters, rule));
      if (this.#dfa.finals.has(node as DFA.Node)) ways.push({ text: this.#close, needs: [] });
      this.#book.set(rule(node), ways);
    }
    return begin;
  }

  #edges(node: DFA.ReadonlyNode): [DFA.ReadonlyNode, CharSet][] {
    return edges(node).filter(([to]) => this.#live.has(to));
  }

  /** A character and what follows; a state with one way in and one way out needs no rule of its own. */
  #way(to: DFA.ReadonlyNode, characters: CharSet, rule: (node: DFA.ReadonlyNode) => string): Way {
    const terms = [term(characters)];
    let at = to;
    for (;;) {
      const [only, more] = this.#edges(at);
      const plain = at !== this.#dfa.initial && this.#arrivals.get(at) === 1 && !this.#dfa.finals.has(at as DFA.Node);
      if (!plain || !only || more) break;
      terms.push(term(only[1]));
      at = only[0];
    }
    const next = rule(at);
    return { text: [...terms, next].join(' '), needs: [next] };
  }
}

/** By target: refa keeps a target once for each of its ranges. */
function edges(node: DFA.ReadonlyNode): [DFA.ReadonlyNode, CharSet][] {
  const byTarget = new Map<DFA.ReadonlyNode, CharSet>();
  for (const [range, to] of node.out) {
    byTarget.set(to, (byTarget.get(to) ?? CharSet.empty(MAX_CHARACTER)).union([range]));
  }
  return [...byTarget]
    .map(([to, characters]): [DFA.ReadonlyNode, CharSet] => [to, writable(characters)])
    .filter(([, characters]) => !characters.isEmpty);
}

/** One character of a set as it stands in a JSON string. */
function term(characters: CharSet): string {
  const plain = characters.without(ESCAPED);
  const terms = plain.isEmpty ? [] : [`[${plain.ranges.map(({ min, max }) => range(min, max)).join('')}]`];
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
