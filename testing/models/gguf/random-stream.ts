import { createHash } from 'node:crypto';

/**
 * Seeded xorshift128 that fills whole buffers: fast enough for a model of 600 million weights, the same on every machine.
 * The key joins the seed with the tensor's name, so that adding a tensor leaves all the others as they were.
 */
export class RandomStream {
  readonly #state: Uint32Array;

  constructor(key: string) {
    const digest = createHash('sha256').update(key).digest();
    this.#state = Uint32Array.from([0, 4, 8, 12], (at) => digest.readUInt32LE(at) | 1);
  }

  /** Fills with uniform 32-bit values. */
  fill(out: Uint32Array): void {
    let [x, y, z, w] = this.#state as unknown as [number, number, number, number];
    for (let i = 0; i < out.length; i++) {
      const t = x ^ (x << 11);
      x = y;
      y = z;
      z = w;
      w = w ^ (w >>> 19) ^ t ^ (t >>> 8);
      out[i] = w;
    }
    this.#state.set([x, y, z, w]);
  }

  /** An integer in [0, below). */
  below(below: number): number {
    const word = new Uint32Array(1);
    this.fill(word);
    return Math.floor(((word[0] as number) / 2 ** 32) * below);
  }
}
