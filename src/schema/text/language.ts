import { CharSet, type Concatenation, DFA, NFA, type NoParent } from 'refa';
import { spend } from '../work.js';

/** The largest code point: texts are read character by character, not in UTF-16 units. */
export const MAX_CHARACTER = 0x10ffff;
const OPTIONS = { maxCharacter: MAX_CHARACTER };

/** Most states while a language is built, and most it may have in the end: each is a rule of the grammar. */
const BUILT_STATES = 10_000;
const MOST_STATES = 1_500;

const WHOLE_CHARACTERS = CharSet.all(MAX_CHARACTER).without({ min: 0xd800, max: 0xdfff });

/** A regular set of texts, as a minimal automaton: deciding about a text takes one step a character, whatever the pattern was. */
export class Language {
  /** Every text. */
  static readonly all = new Language(DFA.all(OPTIONS));
  /** Only the empty text. */
  static readonly empty = new Language(DFA.emptyWord(OPTIONS));
  /** No text at all. */
  static readonly none = new Language(DFA.empty(OPTIONS));

  readonly dfa: DFA;

  private constructor(dfa: DFA) {
    spend(workOf(dfa));
    dfa.minimize();
    dfa.removeUnreachable();
    this.dfa = dfa;
  }

  static from(automaton: NFA): Language {
    return sized(new Language(DFA.fromFA(automaton, new PaidNodes())));
  }

  static ofExpression(concatenation: NoParent<Concatenation>): Language {
    const factory = new NFA.LimitedNodeFactory(BUILT_STATES);
    return Language.from(NFA.fromRegex(concatenation, OPTIONS, {}, factory));
  }

  static ofCharacters(characters: CharSet): Language {
    return new Language(DFA.fromCharSet(characters));
  }

  static ofTexts(texts: Iterable<string>): Language {
    return new Language(DFA.fromWords([...texts].map(codePoints), OPTIONS, new PaidNodes()));
  }

  /** Texts of `min` to `max` characters. */
  static ofLength(min: number, max: number): Language {
    const any = NFA.all(OPTIONS);
    const one = NFA.fromCharSet(CharSet.all(MAX_CHARACTER));
    one.quantify(min, max);
    return Language.from(max === Number.POSITIVE_INFINITY && min === 0 ? any : one);
  }

  get isEmpty(): boolean {
    return this.dfa.isEmpty;
  }

  has(text: string): boolean {
    return this.dfa.test(codePoints(text));
  }

  and(other: Language): Language {
    if (other === Language.all) return this;
    if (this === Language.all) return other;
    return sized(new Language(DFA.fromIntersection(this.dfa, other.dfa, new PaidNodes())));
  }

  or(other: Language): Language {
    if (this.isEmpty) return other;
    if (other.isEmpty) return this;
    const nfa = NFA.fromFA(this.dfa, new NFA.LimitedNodeFactory(BUILT_STATES));
    nfa.union(other.dfa);
    return Language.from(nfa);
  }

  followedBy(other: Language): Language {
    if (this.isEmpty || other.isEmpty) return Language.none;
    if (this === Language.empty) return other;
    if (other === Language.empty) return this;
    const nfa = NFA.fromFA(this.dfa, new NFA.LimitedNodeFactory(BUILT_STATES));
    nfa.append(other.dfa);
    return Language.from(nfa);
  }

  not(): Language {
    const dfa = this.dfa.copy();
    dfa.complement();
    return new Language(dfa);
  }

  without(other: Language): Language {
    return this.and(other.not());
  }
}

/** Characters that can be written: half a surrogate pair is none. */
export function writable(characters: CharSet): CharSet {
  return characters.intersect(WHOLE_CHARACTERS);
}

/** What it takes to make an automaton minimal: by its states, and by the ranges of characters between them. */
function workOf(dfa: DFA): number {
  let work = 60;
  for (const { out } of dfa.nodes()) {
    work += 8;
    out.forEach(() => {
      work += 0.3;
    });
  }
  return work;
}

/** Pays for each state and edge as it is built: classes as of all letters have hundreds of ranges. */
class PaidNode extends DFA.Node {
  override link(to: DFA.Node, via: CharSet): void {
    spend(via.ranges.length * 0.7);
    super.link(to, via);
  }
}

class PaidNodes extends DFA.LimitedNodeFactory {
  #left = BUILT_STATES;

  override createNode(): DFA.Node {
    if (--this.#left < 0) throw new TooManyStates();
    spend(6);
    return new PaidNode();
  }
}

function sized(language: Language): Language {
  let left = MOST_STATES;
  for (const _ of language.dfa.nodes()) if (--left < 0) throw new TooManyStates();
  return language;
}

/** A pattern that would need too large an automaton. */
export class TooManyStates extends Error {
  constructor() {
    super(`it needs more than ${MOST_STATES} states`);
  }
}

function codePoints(text: string): number[] {
  return Array.from(text, (character) => character.codePointAt(0) ?? 0);
}
