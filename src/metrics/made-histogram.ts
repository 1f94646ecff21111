import { Histogram, type HistogramConfiguration } from 'prom-client';

type Told = Awaited<ReturnType<Histogram['get']>>;

/** How often values came, of one set of labels. */
export interface Series {
  readonly labels: Readonly<Partial<Record<string, string>>>;
  readonly bounds: readonly number[];
  /** Of each interval up to a bound and beyond the one before; the last: beyond all. */
  readonly counts: readonly number[];
  /** Of all values. */
  readonly sum: number;
}

/** A histogram whose values are made when they are asked for, in place of being observed one by one. */
export abstract class MadeHistogram<Label extends string> extends Histogram<Label> {
  /** Says what prom-client says of a histogram besides its values. */
  readonly #empty: Histogram;

  constructor(config: HistogramConfiguration<Label>) {
    super(config);
    this.#empty = new Histogram({ ...config, registers: [] });
  }

  /** What there is to tell now. */
  protected abstract series(): Iterable<Series>;

  override async get(): Promise<Told> {
    const about = await this.#empty.get();
    return { ...about, values: [...this.series()].flatMap((one) => valuesOf(about.name, one)) };
  }

  /** What a registry asks for its text. */
  getForPromString(): Promise<Told> {
    return this.get();
  }
}

function valuesOf(name: string, { labels, bounds, counts, sum }: Series): Told['values'] {
  const values: Told['values'] = [];
  let reached = 0;
  for (const [at, count] of counts.entries()) {
    reached += count;
    values.push({ metricName: `${name}_bucket`, labels: { le: bounds[at] ?? '+Inf', ...labels }, value: reached });
  }
  values.push({ metricName: `${name}_sum`, labels, value: sum });
  values.push({ metricName: `${name}_count`, labels, value: reached });
  return values;
}
