import { PAGE_TOKENS } from './page-keys.js';
import { RecentKeys } from './recent-keys.js';

/** What one engine elsewhere is believed to have cached: keys of pages, the latest ones, corrected by what it reports. */
export class Ledger {
  readonly #ttlMs: number;
  readonly #keys: RecentKeys;

  /** `most` keys are kept, each for `ttlMs` after its last use. */
  constructor(most: number, ttlMs: number) {
    this.#ttlMs = ttlMs;
    this.#keys = new RecentKeys(most);
  }

  get size(): number {
    return this.#keys.size;
  }

  /** Tokens of a prompt that are believed to be there. */
  match(keys: readonly number[], now: number): number {
    let pages = 0;
    for (const key of keys) {
      const used = this.#keys.usedAt(key);
      if (used === undefined || now - used > this.#ttlMs) break;
      pages++;
    }
    return pages * PAGE_TOKENS;
  }

  /** It computes this prompt, or reads it from its cache. */
  add(keys: readonly number[], now: number): void {
    // The first pages are used by most, and leave last.
    for (let at = keys.length - 1; at >= 0; at--) this.#keys.use(keys[at] as number, now);
  }

  /** It had less than was believed: what follows is gone, with all that was on it. */
  forget(keys: readonly number[], cachedTokens: number): void {
    for (const key of keys.slice(Math.floor(cachedTokens / PAGE_TOKENS))) this.#keys.delete(key);
  }

  clear(): void {
    this.#keys.clear();
  }
}
