/** The value below which a share of the sorted sample lies, by linear interpolation; NaN for an empty sample. */
export function quantile(sample: readonly number[], share: number): number {
  if (sample.length === 0) return Number.NaN;
  const sorted = [...sample].sort((a, b) => a - b);
  const at = share * (sorted.length - 1);
  const low = sorted[Math.floor(at)] as number;
  const high = sorted[Math.ceil(at)] as number;
  return low + (high - low) * (at - Math.floor(at));
}

export const median = (sample: readonly number[]): number => quantile(sample, 0.5);

/** Half the distance between the quartiles over the median, in percent: how much runs differ. */
export const spread = (sample: readonly number[]): number =>
  (50 * (quantile(sample, 0.75) - quantile(sample, 0.25))) / median(sample);

/** The standard error of a median: about 0.93 quartile distances over the root of the sample's size. */
export const medianError = (sample: readonly number[]): number =>
  (0.93 * (quantile(sample, 0.75) - quantile(sample, 0.25))) / Math.sqrt(sample.length);

export function sum(sample: Iterable<number>): number {
  let total = 0;
  for (const value of sample) total += value;
  return total;
}
