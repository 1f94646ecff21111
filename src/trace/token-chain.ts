/** Two secret words. Without them ids of a TokenChain can neither be read nor guessed and tried. */
export type ChainKey = readonly [number, number];

/**
 * Names every prefix of a token sequence by a number in [0, 2^31): equal prefixes under one key get equal names, and a
 * name tells nothing about the tokens in it, not even how often one occurs. HalfSipHash-2-4 (Aumasson, Bernstein 2012)
 * over the tokens, a tag after each.
 */
export class TokenChain {
  #v0: number;
  #v1: number;
  #v2: number;
  #v3: number;

  /** `tenant` is part of what is named: tenants share no names. */
  constructor([k0, k1]: ChainKey, tenant: number) {
    this.#v0 = k0;
    this.#v1 = k1 ^ 4; // 4: tags of one word
    this.#v2 = 0x6c796765 ^ k0;
    this.#v3 = 0x74656462 ^ k1;
    this.#absorb(tenant);
  }

  /** The name of the sequence with this token at its end. */
  push(token: number): number {
    this.#absorb(token);
    return this.name;
  }

  /** The name of the sequence as it is. */
  get name(): number {
    const state = [this.#v0, this.#v1, this.#v2, this.#v3] as const;
    this.#v2 ^= 0xff;
    for (let round = 0; round < 4; round++) this.#round();
    const tag = (this.#v1 ^ this.#v3) >>> 1;
    [this.#v0, this.#v1, this.#v2, this.#v3] = state;
    return tag;
  }

  #absorb(word: number): void {
    this.#v3 ^= word;
    this.#round();
    this.#round();
    this.#v0 ^= word;
  }

  #round(): void {
    let [v0, v1, v2, v3] = [this.#v0, this.#v1, this.#v2, this.#v3];
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    this.#v0 = v0;
    this.#v1 = v1;
    this.#v2 = v2;
    this.#v3 = v3;
  }
}
