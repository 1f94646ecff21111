/** Buckets that say at once that nothing ends with a fingerprint. */
const BUCKETS = 2 ** 16;

/** A text as its UTF-16 units, or ids of tokens. */
export type Symbols = string | ArrayLike<number>;

/** What was read so far, in two sums of 32 bits (FNV-1a, and a rotating one); 53 bits of them are its value. */
class Fingerprint {
  #one = 0x811c9dc5;
  #other: number;

  /** A text and ids of the same numbers are told apart. */
  constructor(first: Symbols) {
    this.#other = typeof first === 'string' ? 1 : 2;
  }

  add(symbols: Symbols, index: number): void {
    const symbol = typeof symbols === 'string' ? symbols.charCodeAt(index) : (symbols[index] as number);
    this.#one = Math.imul(this.#one ^ symbol, 0x01000193);
    this.#other = Math.imul(((this.#other << 5) | (this.#other >>> 27)) ^ symbol, 0x9e3779b1);
  }

  get bucket(): number {
    return (this.#one ^ (this.#one >>> 16)) & (BUCKETS - 1);
  }

  get value(): number {
    return (this.#one >>> 0) * 2 ** 21 + (this.#other >>> 11);
  }
}

interface Kept<Value> {
  bucket: number;
  value: Value;
}

/**
 * Values by the prompt at whose end they stand, found again by a prompt that begins with it: one pass over the new one. Prompts are
 * known by fingerprints of 53 bits, which who tries can make equal: what is found is good for advice alone. The latest are kept.
 */
export class PromptEnds<Value> {
  readonly #most: number;
  readonly #kept = new Map<number, Kept<Value>>();
  /** How many of the kept stand in each bucket. */
  readonly #counts = new Uint16Array(BUCKETS);

  /** `most`: values that are kept, 1 to 65,535. */
  constructor(most: number) {
    this.#most = most;
  }

  /** The value at the end of the longest kept prompt that this one begins with, or is; undefined: there is none. */
  find(prompt: Symbols): Value | undefined {
    const print = new Fingerprint(prompt);
    let key = 0;
    let found: Kept<Value> | undefined;
    for (let index = 0; index < prompt.length; index++) {
      print.add(prompt, index);
      const kept = this.#counts[print.bucket] ? this.#kept.get(print.value) : undefined;
      if (!kept) continue;
      key = print.value;
      found = kept;
    }
    if (!found) return undefined;
    this.#put(key, found.bucket, found.value);
    return found.value;
  }

  /** Keeps a value at the end of `prompt` and `answer` together. */
  keep(prompt: Symbols, answer: Symbols, value: Value): void {
    const print = new Fingerprint(prompt);
    for (const part of [prompt, answer]) for (let index = 0; index < part.length; index++) print.add(part, index);
    this.#put(print.value, print.bucket, value);
    if (this.#kept.size <= this.#most) return;
    const [oldest] = this.#kept.keys();
    this.#drop(oldest as number);
  }

  #put(key: number, bucket: number, value: Value): void {
    this.#drop(key); // the latest last
    this.#kept.set(key, { bucket, value });
    (this.#counts[bucket] as number)++;
  }

  #drop(key: number): void {
    const kept = this.#kept.get(key);
    if (!kept) return;
    this.#kept.delete(key);
    (this.#counts[kept.bucket] as number)--;
  }
}
