import { Histogram, type HistogramConfiguration } from 'prom-client';

type Told = Awaited<ReturnType<Histogram['get']>>;

/**
 * A histogram of something that counts by itself, without labels: its buckets are those that the counts name, so that bounds stand in one
 * place. Before it is told anything it has no samples.
 */
export class ToldHistogram extends Histogram {
  /** Says what prom-client says of a histogram besides its values. */
  readonly #empty: Histogram;
  readonly #perUnit: number;
  #buckets: { le: number | '+Inf'; count: number }[] = [];
  #sum = 0;

  /** `perUnit`: how much of the bounds' unit one of the family's is: 1,000 for bounds in milliseconds, told in seconds. */
  constructor(config: HistogramConfiguration<never>, perUnit: number) {
    super(config);
    this.#empty = new Histogram({ ...config, registers: [] });
    this.#perUnit = perUnit;
  }

  /** `counts`: values up to a bound and beyond the one before, `more` beyond all. `sum`: of all values, in the unit of the family. */
  tell(counts: Readonly<Record<string, number>>, sum: number): void {
    const { more = 0, ...bounded } = counts;
    const rows = Object.entries(bounded).map(([bound, count]) => ({ bound: Number(bound), count }));
    rows.sort((a, b) => a.bound - b.bound); // keys that are whole numbers come first in an object
    this.#buckets = [
      ...rows.map(({ bound, count }) => ({ le: bound / this.#perUnit, count })),
      { le: '+Inf', count: more },
    ];
    this.#sum = sum;
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
    if (this.#buckets.length === 0) return [];
    const values: Told['values'] = [];
    let reached = 0;
    for (const { le, count } of this.#buckets) {
      reached += count;
      values.push({ metricName: `${name}_bucket`, labels: { le }, value: reached });
    }
    values.push({ metricName: `${name}_sum`, labels: {}, value: this.#sum });
    values.push({ metricName: `${name}_count`, labels: {}, value: reached });
    return values;
  }
}
