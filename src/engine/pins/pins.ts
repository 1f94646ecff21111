import type { Pin } from '../prefix-cache.js';

/** A prefix that is to be kept: how many of a prompt's tokens, and for how long. */
export interface Wanted {
  tokens: number;
  ttlMs: number;
}

/** What pins: an engine. */
export interface Pinner {
  readonly closed: boolean;
  pin(
    tokens: Int32Array,
    options: { ttlMs: number; share: number; tenant: string },
  ): Promise<Pick<Pin, 'tokens' | 'release'>>;
}

interface Entry {
  tenant: string;
  tokens: Int32Array;
  ttlMs: number;
  until: number;
  pin: Pick<Pin, 'tokens' | 'release'>;
}

const MOST_ENTRIES = 1_024;

/**
 * Prefixes that callers marked, each pinned until its time is over. A request that begins with one renews it. Of two on one
 * path the shorter is let go when the longer lasts as long: a conversation has as many as it has times to live, not turns.
 */
export class Pins {
  readonly #engine: Pinner;
  readonly #share: number;
  readonly #now: () => number;
  readonly #entries = new Set<Entry>();

  /** `share`: part of all pages that they may hold. */
  constructor(engine: Pinner, share: number, now: () => number = () => performance.now()) {
    this.#engine = engine;
    this.#share = share;
    this.#now = now;
  }

  /** How many are held. */
  get size(): number {
    return this.#entries.size;
  }

  /** Keeps what is wanted of a prompt that was computed, and what was pinned of it before. Gives the tokens pinned, of each. */
  async keep(prompt: Int32Array, wanted: readonly Wanted[], tenant = ''): Promise<number[]> {
    this.#forgetExpired();
    const old = [...this.#entries].filter((entry) => entry.tenant === tenant && isPrefix(entry.tokens, prompt));
    const all = [...wanted, ...old.map(({ tokens, ttlMs }) => ({ tokens: tokens.length, ttlMs }))];
    all.sort((a, b) => b.tokens - a.tokens || b.ttlMs - a.ttlMs);
    const taken: Entry[] = [];
    for (const { tokens, ttlMs } of all) {
      if (tokens === 0 || taken.some((other) => other.tokens.length >= tokens && other.ttlMs >= ttlMs)) continue;
      const entry = await this.#take(prompt.slice(0, tokens), ttlMs, tenant);
      if (entry) taken.push(entry);
    }
    await Promise.all(old.map((entry) => this.#release(entry)));
    const deepest = Math.max(0, ...taken.map(({ tokens }) => tokens.length));
    return wanted.map(({ tokens }) => Math.min(tokens, deepest));
  }

  /** Lets all of them go. */
  async close(): Promise<void> {
    await Promise.all([...this.#entries].map((entry) => this.#release(entry)));
  }

  async #take(tokens: Int32Array, ttlMs: number, tenant: string): Promise<Entry | undefined> {
    const pin = await this.#engine.pin(tokens, { ttlMs, share: this.#share, tenant });
    if (pin.tokens === 0) return undefined;
    const entry = { tenant, tokens: tokens.slice(0, pin.tokens), ttlMs, until: this.#now() + ttlMs, pin };
    this.#entries.add(entry);
    if (this.#entries.size > MOST_ENTRIES) {
      const [oldest] = this.#entries;
      if (oldest) await this.#release(oldest);
    }
    return entry;
  }

  async #release(entry: Entry): Promise<void> {
    if (this.#entries.delete(entry) && !this.#engine.closed) await entry.pin.release();
  }

  #forgetExpired(): void {
    const now = this.#now();
    for (const entry of this.#entries) if (entry.until <= now) this.#entries.delete(entry);
  }
}

/** From its end: conversations that share their beginning differ there first. */
function isPrefix(tokens: Int32Array, of: Int32Array): boolean {
  if (tokens.length > of.length) return false;
  for (let at = tokens.length - 1; at >= 0; at--) if (tokens[at] !== of[at]) return false;
  return true;
}
