import { PAGE_TOKENS } from './page-keys.js';

/** What one engine elsewhere is believed to have cached: keys of pages, the latest ones, corrected by what it reports. */
export class Ledger {
  readonly #most: number;
  readonly #ttlMs: number;
  /** When each was used last; the latest last. */
  readonly #used = new Map<number, number>();

  /** `most` keys are kept, each for `ttlMs` after its last use. */
  constructor(most: number, ttlMs: number) {
    this.#most = most;
    this.#ttlMs = ttlMs;
  }

  get size(): number {
    return this.#used.size;
  }

  /** Tokens of a prompt that are believed to be there. */
  match(keys: readonly number[], now: number): number {
    let pages = 0;
    for (const key of keys) {
      const used = this.#used.get(key);
      if (used === undefined || now - used > this.#ttlMs) break;
      pages++;
    }
    return pages * PAGE_TOKENS;
  }

  /** It computes this prompt, or reads it from its cache. */
  add(keys: readonly number[], now: number): void {
    for (let at = keys.length - 1; at >= 0; at--) {
      const key = keys[at] as number; // the first pages are used by most, and leave last
      this.#used.delete(key);
      this.#used.set(key, now);
    }
    for (const oldest of this.#used.keys()) {
      if (this.#used.size <= this.#most) break;
      this.#used.delete(oldest);
    }
  }

  /** It had less than was believed: what follows is gone, with all that was on it. */
  forget(keys: readonly number[], cachedTokens: number): void {
    for (const key of keys.slice(Math.floor(cachedTokens / PAGE_TOKENS))) this.#used.delete(key);
  }

  clear(): void {
    this.#used.clear();
  }
}
