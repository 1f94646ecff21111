import { createHash } from 'node:crypto';
import type { Conjunction } from './alternatives.js';
import { literal, RuleBook, type Way } from './grammar/rule-book.js';
import { writeRaw } from './grammar/write-text.js';
import { textOf, typesOf, valuesOf } from './shape.js';
import { Language } from './text/language.js';
import { TooMuchWork } from './work.js';

/** What no raw text has where it may be anything else: in it the tag that ends it could begin. */
const ANY = '[^<\\x00-\\x1F\\x7F]';

/** Rules for texts as some formats of calls write them: between tags, without quotes and escapes. */
export class RawTexts {
  readonly #book: RuleBook;
  readonly #known = new Map<Language, Way>();
  readonly #names = new Set<string>();

  constructor(schema: string) {
    this.#book = new RuleBook(`t${createHash('sha256').update(schema).digest('hex').slice(0, 10)}-`);
  }

  /**
   * The rule of the texts among the alternatives; undefined: there is none, every text passes, or so much work was done
   * already that only the check at the end will know.
   */
  rule(alternatives: readonly Conjunction[]): string | undefined {
    try {
      return this.#rule(alternatives);
    } catch (thrown) {
      if (thrown instanceof TooMuchWork) return undefined;
      throw thrown;
    }
  }

  #rule(alternatives: readonly Conjunction[]): string | undefined {
    const ways: Way[] = [];
    for (const nodes of alternatives) {
      const values = valuesOf(nodes);
      if (values) {
        for (const value of values) if (typeof value === 'string') ways.push({ text: literal(value), needs: [] });
      } else if (typesOf(nodes).has('string')) {
        const { language, min, max } = textOf(nodes);
        if (language !== Language.all) ways.push(this.#language(language));
        else if (min === 0 && max === Number.POSITIVE_INFINITY) return undefined;
        else if (min <= max) ways.push(this.#book.repeat({ text: ANY, needs: [] }, min, max));
      }
    }
    if (ways.length === 0) return undefined;
    const name = this.#book.add(ways);
    this.#names.add(name);
    return name;
  }

  finish(): ReadonlyMap<string, string> {
    const [first, ...more] = this.#names;
    return (first === undefined ? undefined : this.#book.write(first, more)) ?? new Map();
  }

  #language(language: Language): Way {
    const known = this.#known.get(language);
    if (known) return known;
    const way = writeRaw(this.#book, language);
    this.#known.set(language, way);
    return way;
  }
}
