/** Points of a hundred below the median from which a share is low. */
export const MARGIN = 10;
/** With fewer there is nothing to compare with. */
const LEAST = 3;

/** Shares in percent against their like. */
export interface Outliers<Key> {
  readonly median: number;
  readonly low: ReadonlySet<Key>;
}

/** Those that have much less from the cache than their like; undefined: too few to tell. */
export function lowShares<Key>(shares: ReadonlyMap<Key, number>): Outliers<Key> | undefined {
  if (shares.size < LEAST) return undefined;
  const sorted = [...shares.values()].sort((a, b) => a - b);
  const middle = (at: number) => sorted[Math.floor(at)] ?? 0;
  const median = (middle((sorted.length - 1) / 2) + middle(sorted.length / 2)) / 2;
  const low = [...shares].filter(([, share]) => share <= median - MARGIN).map(([key]) => key);
  return { median, low: new Set(low) };
}
