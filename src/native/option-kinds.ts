/*
 * The language in which options are declared, each once: a table of names, of each what it may be and what it is when left
 * out. Type, check, default, native field and the row of docs/options.md come from it; kit/option-table.ts reads by it.
 */

/** Where a number may lie, both ends included. */
export interface NumberRange {
  readonly min: number;
  readonly max: number;
  readonly whole: boolean;
  readonly powerOfTwo?: boolean;
  /** What the addon gets for a number that was left out and has no default. */
  readonly none?: number | undefined;
}

/** A struct of options of the addon, which says the range of the number that has the option's name. */
export type NativeOptions =
  | 'load'
  | 'request'
  | 'request.sampling'
  | 'embedding'
  | 'hint'
  | 'policy'
  | 'policy.cost'
  | 'cache';

/** What an option may be. */
export type Shape =
  /** `range`: the addon's, or what this half alone says. `word`: what else it may be. */
  | {
      readonly kind: 'number';
      readonly range: NumberRange | NativeOptions;
      readonly word?: string;
      /** How many, where it is a list of numbers. */
      readonly count?: number;
    }
  | { readonly kind: 'flag' }
  | { readonly kind: 'word'; readonly words: readonly string[] }
  /** A text of whole characters: of two names that differ none becomes the other in UTF-8. */
  | { readonly kind: 'name' }
  | { readonly kind: 'text' }
  | { readonly kind: 'signal' }
  | { readonly kind: 'function' }
  /** An object with options of its own. */
  | { readonly kind: 'group'; readonly table: OptionTable }
  /** Everything else: `read` gives a checked copy of what the caller passed, or throws INVALID_OPTION; `expected` says it in words. */
  | {
      readonly kind: 'other';
      readonly expected: string;
      readonly read: (field: string, value: unknown) => unknown;
    };

/** One option, of type `Value` for the caller. `fallback`: what it is when left out; undefined: nothing, or what its comment says. */
export interface Option<Value> {
  readonly shape: Shape;
  readonly fallback: Value | undefined;
  /** True: leaving it out is an error. */
  readonly required?: true;
}

export type OptionTable = Readonly<Record<string, Option<unknown>>>;

type ValueOf<Entry> = Entry extends Option<infer Value> ? Value : never;

/** What a caller may pass: every option of a table, all of them optional. */
export type OptionsOf<Table> = { -readonly [Name in keyof Table]?: ValueOf<Table[Name]> | undefined };

/** All options of a table, set: as given, else their default; a number that may be a word, too, is a number. */
export type Complete<Table> = { -readonly [Name in keyof Table]: CompleteValue<ValueOf<Table[Name]>> };
type CompleteValue<Value> = number extends Value ? Extract<Value, number> : Value;

type Range = NumberRange | NativeOptions;

export function number(range: Range, fallback?: number): Option<number> {
  return { shape: { kind: 'number', range }, fallback };
}

/** A number or the word, which is the default. */
export function numberOr<Word extends string>(word: Word, range: Range): Option<number | Word> {
  return { shape: { kind: 'number', range, word }, fallback: word };
}

/** One number for interactive, workflow and background requests each. */
export function numbers(range: Range): Option<[number, number, number]> {
  return { shape: { kind: 'number', range, count: 3 }, fallback: undefined };
}

export function flag(fallback?: boolean): Option<boolean> {
  return { shape: { kind: 'flag' }, fallback };
}

export function word<Word extends string>(words: readonly Word[], fallback?: Word): Option<Word> {
  return { shape: { kind: 'word', words }, fallback };
}

export function name(fallback?: string): Option<string> {
  return { shape: { kind: 'name' }, fallback };
}

export function text(): Option<string> {
  return { shape: { kind: 'text' }, fallback: undefined };
}

/** The option, which every caller must pass. */
export function required<Value>(option: Option<Value>): Option<Value> {
  return { ...option, required: true };
}

export function signal(): Option<AbortSignal> {
  return { shape: { kind: 'signal' }, fallback: undefined };
}

export function callback<Callback>(): Option<Callback> {
  return { shape: { kind: 'function' }, fallback: undefined };
}

/** `Value` is an interface that extends OptionsOf the table: its name is what a hover shows. */
export function group<Value extends object>(table: OptionTable): Option<Value> {
  return { shape: { kind: 'group', table }, fallback: undefined };
}

export function other<Value>(
  expected: string,
  read: (field: string, value: unknown) => Value,
  fallback?: Value,
): Option<Value> {
  return { shape: { kind: 'other', expected, read }, fallback };
}
