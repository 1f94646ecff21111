import type { HistogramConfiguration } from 'prom-client';
import { MadeHistogram, type Series } from './made-histogram.js';

/** How often values came in each interval between bounds, and their sum. */
export class Tally {
  readonly bounds: readonly number[];
  /** As many as bounds, and one for what is beyond the last. */
  readonly counts: number[];
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = new Array<number>(bounds.length + 1).fill(0);
  }

  /** `value` came `times` times. A value at a bound counts below it. */
  add(value: number, times: number): void {
    let at = 0;
    while (at < this.bounds.length && value > (this.bounds[at] as number)) at++;
    this.counts[at] = (this.counts[at] as number) + times;
    this.sum += value * times;
  }
}

/**
 * A histogram that is made of tallies when it is asked for: what comes with each token is added to a number there, where an
 * observation of prom-client checks and hashes its labels each time (0.7 us).
 */
export class CountedHistogram<Label extends string> extends MadeHistogram<Label> {
  readonly #bounds: readonly number[];
  readonly #tallies = new Map<string, { labels: Partial<Record<Label, string>>; tally: Tally }>();

  constructor(config: HistogramConfiguration<Label> & { buckets: number[] }) {
    super(config);
    this.#bounds = config.buckets;
  }

  /** The tally of these labels. */
  tally(labels: Partial<Record<Label, string>>): Tally {
    const key = JSON.stringify(labels);
    const known = this.#tallies.get(key);
    if (known) return known.tally;
    const tally = new Tally(this.#bounds);
    this.#tallies.set(key, { labels, tally });
    return tally;
  }

  /** What all its tallies have counted together. */
  total(): Series {
    const counts = new Array<number>(this.#bounds.length + 1).fill(0);
    let sum = 0;
    for (const { tally } of this.#tallies.values()) {
      for (const [at, count] of tally.counts.entries()) counts[at] = (counts[at] as number) + count;
      sum += tally.sum;
    }
    return { labels: {}, bounds: this.#bounds, counts, sum };
  }

  protected *series(): Iterable<Series> {
    for (const { labels, tally } of this.#tallies.values()) {
      yield { labels, bounds: tally.bounds, counts: tally.counts, sum: tally.sum };
    }
  }
}

/** A histogram of what another one has counted, whatever its labels: what is in two families is counted once. */
export class TotalHistogram extends MadeHistogram<never> {
  readonly #total: () => Series;

  /** `total`: is asked when this one is. */
  constructor(config: HistogramConfiguration<never>, total: () => Series) {
    super(config);
    this.#total = total;
  }

  protected *series(): Iterable<Series> {
    yield this.#total();
  }
}
