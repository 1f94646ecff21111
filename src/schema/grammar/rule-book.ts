import type { SchemaNode } from '../node.js';
import type { Language } from '../text/language.js';
import { spend } from '../work.js';

/** One way to write a rule, and the rules that must be possible for it. */
export interface Way {
  text: string;
  needs: readonly string[];
}

/** Rules of JSON's own, the same in all grammars. Numbers stay where JavaScript reads them back exactly. */
const PRIMITIVES: Record<string, string> = {
  'json-hex': '[0-9a-fA-F]',
  // Half a surrogate pair is no character.
  'json-unit':
    '[0-9a-cA-CefEF] json-hex{3} | [dD] [0-7] json-hex{2} | [dD] [89abAB] json-hex{2} "\\\\u" [dD] [c-fC-F] json-hex{2}',
  'json-char': '[^"\\\\\\x7F\\x00-\\x1F] | "\\\\" ( ["\\\\/bfnrt] | "u" json-unit )',
  'json-string': '"\\"" json-char* "\\""',
  'json-integer': '"-"? ( "0" | [1-9] [0-9]{0,14} )',
  'json-number': '"-"? ( "0" | [1-9] [0-9]{0,14} ) ( "." [0-9]{1,15} )? ( [eE] [-+]? [0-9]{1,2} )?',
  'json-boolean': '"true" | "false"',
  'json-null': '"null"',
  'json-member': 'json-string space ":" space json-value',
  'json-object': '"{" space ( json-member ( "," space json-member )* space )? "}"',
  'json-array': '"[" space ( json-value ( "," space json-value )* space )? "]"',
  'json-value': 'json-object | json-array | json-string | json-number | json-boolean | json-null',
};

/** The rules of one grammar while it is written. `space` comes from llama.cpp. */
export class RuleBook {
  readonly #prefix: string;
  readonly #rules = new Map<string, readonly Way[]>();
  readonly #names = new Map<string, string>();
  /** llama.cpp makes rules of its own for groups and repetitions. */
  #more = 0;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** How many rules llama.cpp will make of it, about. */
  get size(): number {
    return this.#rules.size + this.#more;
  }

  /** A name for a rule whose ways come later. */
  reserve(): string {
    spend(9);
    const name = this.#prefix + this.#rules.size.toString(36);
    this.#rules.set(name, []);
    return name;
  }

  set(name: string, ways: readonly Way[]): void {
    for (const { text } of ways) {
      spend(1 + text.length / 100);
      this.#more += innerRules(text);
    }
    this.#rules.set(name, ways);
  }

  /** A rule that is known with all its ways; equal ones are one. */
  add(ways: readonly Way[]): string {
    const key = ways.map(({ text }) => text).join(' | ');
    const known = this.#names.get(key);
    if (known !== undefined) return known;
    const name = this.reserve();
    this.set(name, ways);
    this.#names.set(key, name);
    return name;
  }

  /** `item` between `min` and `max` times, after one another. Long repetitions are built of blocks. */
  repeat(item: Way, min: number, max: number): Way {
    const single = /^[^ ]+$/.test(item.text) ? item.text : `( ${item.text} )`;
    const most = 500;
    // No answer is so long: the check at the end has the last word.
    if (max > 1_000_000 && max < Number.POSITIVE_INFINITY) return this.repeat(item, min, Number.POSITIVE_INFINITY);
    if (max <= most || (max === Number.POSITIVE_INFINITY && min <= most)) {
      return { text: repetition(single, min, max), needs: item.needs };
    }
    const size = 100;
    const block = this.add([{ text: repetition(single, size, size), needs: item.needs }]);
    const blocks = this.repeat({ text: block, needs: [block] }, Math.floor(min / size), Math.floor(min / size));
    const exact = min >= size ? [blocks] : [];
    if (min % size > 0) exact.push(this.repeat(item, min % size, min % size));
    const rest = max - min;
    if (rest === Number.POSITIVE_INFINITY) exact.push({ text: repetition(single, 0, rest), needs: item.needs });
    else if (rest > 0) exact.push(this.#upTo(item, block, rest, size));
    return { text: exact.map(({ text }) => text).join(' '), needs: [...new Set(exact.flatMap(({ needs }) => needs))] };
  }

  #upTo(item: Way, block: string, max: number, size: number): Way {
    const part = this.repeat(item, 0, Math.min(max, size - 1));
    if (max < size) return part;
    const full = this.repeat({ text: block, needs: [block] }, 0, Math.floor(max / size) - 1);
    const last = this.repeat(item, 0, max % size);
    const most = this.repeat({ text: block, needs: [block] }, Math.floor(max / size), Math.floor(max / size));
    const ways = [
      { text: `${full.text} ${part.text}`, needs: [...full.needs, ...part.needs] },
      { text: `${most.text} ${last.text}`, needs: [...most.needs, ...last.needs] },
    ];
    const name = this.add(ways);
    return { text: name, needs: [name] };
  }

  /**
   * GBNF bodies by name: the rules that `root` and `more` need and that some text can fulfil. Undefined: `root` is not one of
   * them.
   */
  write(root: string, more: Iterable<string> = []): Map<string, string> | undefined {
    const possible = this.#possible();
    if (!possible.has(root)) return undefined;
    const written = new Map<string, string>();
    const open = [root, ...more].filter((name) => possible.has(name));
    for (let name = open.pop(); name !== undefined; name = open.pop()) {
      if (written.has(name)) continue;
      const ways = this.#rules.get(name);
      if (ways) {
        let text = '';
        for (const way of ways) {
          if (!way.needs.every((one) => possible.has(one))) continue;
          text += `${text && ' | '}${way.text || '""'}`;
          for (const one of way.needs) open.push(one);
        }
        written.set(name, text);
      } else {
        const text = PRIMITIVES[name] ?? '';
        written.set(name, text);
        open.push(...Object.keys(PRIMITIVES).filter((other) => text.includes(other)));
      }
    }
    return written;
  }

  /** Rules with a finite text, from the ends up. */
  #possible(): Set<string> {
    const possible = new Set(Object.keys(PRIMITIVES));
    const waiting = new Map<string, { name: string; left: number }[]>();
    const open: string[] = [];
    for (const [name, ways] of this.#rules) {
      for (const { needs } of ways) {
        const way = { name, left: 0 };
        for (const one of new Set(needs)) {
          if (possible.has(one)) continue;
          way.left++;
          push(waiting, one, way);
        }
        if (way.left === 0) open.push(name);
      }
    }
    for (let name = open.pop(); name !== undefined; name = open.pop()) {
      if (possible.has(name)) continue;
      possible.add(name);
      for (const way of waiting.get(name) ?? []) if (--way.left === 0) open.push(way.name);
    }
    return possible;
  }
}

/** What a rule writes. */
export function needing(rule: string): Way {
  return { text: rule, needs: [rule] };
}

export function push<T>(lists: Map<string, T[]>, name: string, item: T): void {
  const list = lists.get(name);
  if (list) list.push(item);
  else lists.set(name, [item]);
}

/** How many rules llama.cpp makes of the groups and repetitions in a body. */
function innerRules(text: string): number {
  if (!/[({*+?]/.test(text)) return 0;
  const bare = text.replace(/"(?:[^"\\]|\\.)*"|\[(?:[^\]\\]|\\.)*\]/g, '');
  let rules = 0;
  for (const [, min, range, max] of bare.matchAll(/[(*+?]|\{(\d+)(,?)(\d*)\}/g)) {
    if (min === undefined || (range && !max)) rules++;
    else if (range) rules += Number(max) - Number(min);
  }
  return rules;
}

function repetition(single: string, min: number, max: number): string {
  if (max === 0) return '""';
  if (min === 1 && max === 1) return single;
  if (min === max) return `${single}{${min}}`;
  if (max === Number.POSITIVE_INFINITY) return min === 0 ? `${single}*` : `${single}{${min},}`;
  return `${single}{${min},${max}}`;
}

/** A GBNF literal. */
export function literal(text: string): string {
  if (!/["\\\n\r\t]/.test(text)) return `"${text}"`;
  return `"${text.replace(/["\\]/g, '\\$&').replace(/\n/g, '\\n').replace(/\r/g, '\\r').replace(/\t/g, '\\t')}"`;
}

/** What an array or an object needs of the writer of its schema: the rule of a subschema, written later. */
export interface RuleWriter {
  readonly book: RuleBook;
  /** The rule of values that pass all of `nodes`. */
  rule(nodes: readonly SchemaNode[]): string;
  /** A text of the language, in quotes. */
  language(language: Language): Way;
}
