import type { Wanted } from '../../engine/pins/pins.js';
import type { NativeMiss } from '../../native/reports/usage.js';
import type { Difference } from './request-records.js';

/** How far a prompt was cached. */
export interface CacheArrival {
  /** Its tokens. */
  prompt: number;
  /** Of them: read from the cache; null: not known. */
  read: number | null;
  /** Why the rest was not. */
  miss: NativeMiss['reason'];
  /** What differs from the request before; undefined: it was not known, or nothing does. */
  difference: Difference | undefined;
}

/** What the cache did for one request: each token of the prompt was read, written or is fresh. */
export interface CacheReport extends CacheArrival {
  /** Computed, and pinned now: by the time that the mark asks for, the shortest first. */
  written: { ttlMs: number; tokens: number }[];
  /** Computed, and kept as long as there is room. */
  fresh: number;
  /** What was asked with `previous`: that request is not known (any more). */
  previousUnknown: boolean;
  /** Tokens that the request before had in common with this one, had nothing changed, and that were not read. */
  missed: number;
}

/** `pinned`: of each wanted prefix, how many tokens are. */
export function writtenTokens(
  wanted: readonly Wanted[],
  pinned: readonly number[],
  read: number,
): CacheReport['written'] {
  const byEnd = wanted.map(({ ttlMs }, index) => ({ ttlMs, end: pinned[index] ?? 0 })).sort((a, b) => a.end - b.end);
  const written = new Map<number, number>();
  let from = read;
  for (const { ttlMs, end } of byEnd) {
    if (end > from) written.set(ttlMs, (written.get(ttlMs) ?? 0) + end - from);
    from = Math.max(from, end);
  }
  return [...written].map(([ttlMs, tokens]) => ({ ttlMs, tokens })).sort((a, b) => a.ttlMs - b.ttlMs);
}

/** All of them. */
export function totalWritten({ written }: Pick<CacheReport, 'written'>): number {
  return written.reduce((sum, { tokens }) => sum + tokens, 0);
}
