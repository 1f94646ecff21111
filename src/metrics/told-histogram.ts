import type { HistogramConfiguration } from 'prom-client';
import { MadeHistogram, type Series } from './made-histogram.js';

/**
 * A histogram of something that counts by itself, without labels: its buckets are those that the counts name, so that bounds stand in one
 * place. Before it is told anything it has no samples.
 */
export class ToldHistogram extends MadeHistogram<never> {
  readonly #perUnit: number;
  #told: Series | undefined;

  /** `perUnit`: how much of the bounds' unit one of the family's is: 1,000 for bounds in milliseconds, told in seconds. */
  constructor(config: HistogramConfiguration<never>, perUnit: number) {
    super(config);
    this.#perUnit = perUnit;
  }

  /** `counts`: values up to a bound and beyond the one before, `more` beyond all. `sum`: of all values, in the unit of the family. */
  tell(counts: Readonly<Record<string, number>>, sum: number): void {
    const { more = 0, ...bounded } = counts;
    const rows = Object.entries(bounded).map(([bound, count]) => ({ bound: Number(bound), count }));
    rows.sort((a, b) => a.bound - b.bound); // keys that are whole numbers come first in an object
    const bounds = rows.map(({ bound }) => bound / this.#perUnit);
    this.#told = { labels: {}, bounds, counts: [...rows.map(({ count }) => count), more], sum };
  }

  protected *series(): Iterable<Series> {
    if (this.#told) yield this.#told;
  }
}
