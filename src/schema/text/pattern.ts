import type { AST } from '@eslint-community/regexpp';
import {
  type Alternation,
  CharSet,
  type Concatenation,
  JS,
  type NoParent,
  type Quantifier,
  TooManyNodesError,
} from 'refa';
import { messageOf } from '../../kit/errors.js';
import { LruCache } from '../../kit/lru-cache.js';
import { spend, TooMuchWork, workDone } from '../work.js';
import { Language, MAX_CHARACTER, TooManyStates } from './language.js';
import { toUnicodeSource } from './unicode-source.js';

/**
 * The texts that a pattern of JavaScript matches somewhere. Look-ahead, anchors and word boundaries are worked in; what is no
 * regular language (back-references), look-behind, and assertions inside an endless repetition throw an Error with the reason.
 */
export function languageOf(pattern: string): Language {
  const before = workDone();
  const { result, cost } = languages.get(pattern, () => {
    const result = build(pattern);
    return { result, cost: workDone() - before };
  });
  // A pattern costs the same when it is known: what is refused does not depend on what came before.
  if (workDone() === before) spend(cost);
  if (typeof result === 'string') throw new Error(result);
  return result;
}

const languages = new LruCache<{ result: Language | string; cost: number }>(512);

function build(pattern: string): Language | string {
  spend(pattern.length * 5);
  try {
    return new PatternReader(toUnicodeSource(pattern)).read();
  } catch (thrown) {
    if (thrown instanceof TooMuchWork) throw thrown;
    if (thrown instanceof TooManyNodesError) return new TooManyStates().message;
    return messageOf(thrown);
  }
}

const WORD = CharSet.empty(MAX_CHARACTER).union([
  { min: 0x30, max: 0x39 },
  { min: 0x41, max: 0x5a },
  { min: 0x5f, max: 0x5f },
  { min: 0x61, max: 0x7a },
]);
const anything = Language.all;
const startsWithWord = Language.ofCharacters(WORD).followedBy(anything);
const endsWithWord = anything.followedBy(Language.ofCharacters(WORD));

/** What stands left of a place in the text: the text's begin, a character of `\w`, or another. */
type Left = 'start' | 'word' | 'other';

/** `*` is any text. */
type Part = AST.Element | '*';

/** Most places looked at: assertions inside alternatives multiply. */
const MOST_PLACES = 300;

class PatternReader {
  readonly #parser: JS.Parser;
  #places = 0;

  constructor(source: string) {
    this.#parser = JS.Parser.fromLiteral({ source, flags: 'u' });
  }

  read(): Language {
    return this.#parser.ast.pattern.alternatives
      .map(({ elements }) => this.#rest(whole(elements), 'start'))
      .reduce((all, one) => all.or(one), Language.none);
  }

  /** What may stand from here to the end of the text. */
  #rest(parts: readonly Part[], left: Left): Language {
    if (++this.#places > MOST_PLACES) throw new Error('it has too many assertions');
    const at = parts.findIndex((part) => part !== '*' && hasAssertion(part));
    const plain = this.#concatenation(at < 0 ? parts : parts.slice(0, at));
    if (at < 0) return plain;
    const [first, ...rest] = parts.slice(at) as [AST.Element, ...Part[]];
    if (at === 0) return this.#assertion(first, rest, left);
    if (!parts.slice(at).some((part) => part !== '*' && looksLeft(part))) {
      return plain.followedBy(this.#assertion(first, rest, 'other'));
    }
    const nothing = plain.and(Language.empty).isEmpty ? Language.none : this.#assertion(first, rest, left);
    const word = plain.and(endsWithWord);
    const other = plain.without(endsWithWord).without(Language.empty);
    return nothing
      .or(word.isEmpty ? word : word.followedBy(this.#assertion(first, rest, 'word')))
      .or(other.isEmpty ? other : other.followedBy(this.#assertion(first, rest, 'other')));
  }

  #assertion(element: AST.Element, rest: readonly Part[], left: Left): Language {
    switch (element.type) {
      case 'Group':
      case 'CapturingGroup':
        return this.#alternatives(element.alternatives, rest, left);
      case 'Quantifier':
        return this.#repetition(element, rest, left);
      case 'Assertion':
        break;
      default:
        throw new Error(`${element.raw} cannot be followed`);
    }
    if (element.kind === 'start') return left === 'start' ? this.#rest(rest, left) : Language.none;
    const after = this.#rest(rest, left);
    if (element.kind === 'end') return after.and(Language.empty);
    if (element.kind === 'word') {
      const wordNext = (left === 'word') === element.negate;
      return wordNext ? after.and(startsWithWord) : after.without(startsWithWord);
    }
    if (element.kind !== 'lookahead') throw new Error(`look-behind ${element.raw} is not supported`);
    const ahead = this.#alternatives(element.alternatives, ['*'], left);
    return element.negate ? after.without(ahead) : after.and(ahead);
  }

  #alternatives(alternatives: readonly AST.Alternative[], rest: readonly Part[], left: Left): Language {
    return alternatives
      .map(({ elements }) => this.#rest([...elements, ...rest], left))
      .reduce((all, one) => all.or(one), Language.none);
  }

  #repetition({ min, max, element, raw }: AST.Quantifier, rest: readonly Part[], left: Left): Language {
    if (max > 8) throw new Error(`${raw} repeats an assertion`);
    let all = Language.none;
    for (let count = min; count <= max; count++) {
      all = all.or(this.#rest([...Array<AST.Element>(count).fill(element), ...rest], left));
    }
    return all;
  }

  #concatenation(parts: readonly Part[]): Language {
    if (parts.every((part) => part === '*')) return parts.length > 0 ? anything : Language.empty;
    const elements = parts.map((part) => (part === '*' ? ANYTHING : this.#plain(part)));
    return Language.ofExpression({ type: 'Concatenation', elements });
  }

  #plain(element: AST.Element): NoParent<Alternation> {
    const { alternatives } = this.#parser.parseElement(element, { assertions: 'throw' }).expression;
    return { type: 'Alternation', alternatives };
  }
}

const ANY: NoParent<Concatenation> = {
  type: 'Concatenation',
  elements: [{ type: 'CharacterClass', characters: CharSet.all(MAX_CHARACTER) }],
};
const ANYTHING: NoParent<Quantifier> = {
  type: 'Quantifier',
  alternatives: [ANY],
  min: 0,
  max: Number.POSITIVE_INFINITY,
  lazy: false,
};

/** What a text is made of that matches somewhere. */
function whole(elements: readonly AST.Element[]): Part[] {
  const parts: Part[] = ['*', ...elements, '*'];
  // The common case costs less: `^` only holds at the begin, `$` only at the end.
  if (isAnchor(elements[0], 'start')) parts.splice(0, 2);
  if (elements.length > 1 && isAnchor(elements.at(-1), 'end')) parts.splice(-2);
  return parts;
}

function isAnchor(element: AST.Element | undefined, kind: 'start' | 'end'): boolean {
  return element?.type === 'Assertion' && element.kind === kind;
}

function some(element: AST.Element, holds: (part: AST.Element) => boolean): boolean {
  if (holds(element)) return true;
  if (element.type === 'Quantifier') return some(element.element, holds);
  if (!('alternatives' in element)) return false;
  return element.alternatives.some(({ elements }) => elements.some((inner) => some(inner, holds)));
}

function hasAssertion(element: AST.Element): boolean {
  return some(element, ({ type }) => type === 'Assertion');
}

function looksLeft(element: AST.Element): boolean {
  return some(element, (part) => part.type === 'Assertion' && (part.kind === 'start' || part.kind === 'word'));
}
