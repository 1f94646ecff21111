import { Histogram, type HistogramConfiguration } from 'prom-client';

type Told = Awaited<ReturnType<Histogram['get']>>;

/** How often values came in each interval between bounds, and their sum. */
export class Tally {
  readonly #bounds: readonly number[];
  /** As many as bounds, and one for what is beyond the last. */
  readonly counts: number[];
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.counts = new Array<number>(bounds.length + 1).fill(0);
  }

  /** `value` came `times` times. A value at a bound counts below it. */
  add(value: number, times: number): void {
    let at = 0;
    while (at < this.#bounds.length && value > (this.#bounds[at] as number)) at++;
    this.counts[at] = (this.counts[at] as number) + times;
    this.sum += value * times;
  }
}

/**
 * A histogram that is made of tallies when it is asked for: what comes with each token is added to a number there, where an
 * observation of prom-client checks and hashes its labels each time (0.7 us).
 */
export class CountedHistogram<Label extends string> extends Histogram<Label> {
  readonly #bounds: readonly number[];
  /** Says what prom-client says of a histogram besides its values. */
  readonly #empty: Histogram;
  readonly #tallies = new Map<string, { labels: Partial<Record<Label, string>>; tally: Tally }>();

  constructor(config: HistogramConfiguration<Label> & { buckets: number[] }) {
    super(config);
    this.#bounds = config.buckets;
    this.#empty = new Histogram({ ...config, registers: [] });
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

  override async get(): Promise<Told> {
    const about = await this.#empty.get();
    return { ...about, values: this.#values(about.name) };
  }

  /** What a registry asks for its text. */
  getForPromString(): Promise<Told> {
    return this.get();
  }

  #values(name: string): Told['values'] {
    const values: Told['values'] = [];
    for (const { labels, tally } of this.#tallies.values()) {
      let count = 0;
      for (const [at, times] of tally.counts.entries()) {
        count += times;
        const le = this.#bounds[at] ?? '+Inf';
        values.push({ metricName: `${name}_bucket`, labels: { le, ...labels }, value: count });
      }
      values.push({ metricName: `${name}_sum`, labels, value: tally.sum });
      values.push({ metricName: `${name}_count`, labels, value: count });
    }
    return values;
  }
}
