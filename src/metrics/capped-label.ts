const LONGEST = 128;

/** What a label of names that callers choose becomes when there are too many of them. */
export const OTHER = 'other';

/** Values of a label that callers choose: the first ones are told apart, all others are one, so that they cannot fill a memory. */
export class CappedLabel {
  readonly #most: number;
  readonly #known = new Set<string>();

  /** `most`: values that are told apart. */
  constructor(most: number) {
    this.#most = most;
  }

  /** The label's value for a name; '' is `none`. */
  of(name: string): string {
    if (name === '') return 'none';
    const short = name.length > LONGEST ? name.slice(0, LONGEST).toWellFormed() : name;
    if (this.#known.has(short)) return short;
    if (this.#known.size >= this.#most) return OTHER;
    this.#known.add(short);
    return short;
  }
}
