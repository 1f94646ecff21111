/** A number in [0, 1) from a seed, the same on every machine. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Choices drawn from a seed. */
export class Dice {
  readonly #random: () => number;
  constructor(seed: number) {
    this.#random = randomOf(seed);
  }
  below(end: number): number {
    return Math.floor(this.#random() * end);
  }
  chance(likely: number): boolean {
    return this.#random() < likely;
  }
  pick<T>(...items: T[]): T {
    return items[this.below(items.length)] as T;
  }
  names(most = 4): string[] {
    const all = [
      'city',
      'days',
      'unit',
      'first name',
      'tag-s',
      'über',
      'a/b',
      'x~y',
      '"q"',
      'id',
      'type',
      '$ref',
      'default',
    ];
    return [...new Set(Array.from({ length: 1 + this.below(most) }, () => this.pick(...all)))];
  }
}
