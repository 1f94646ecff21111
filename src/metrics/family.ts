import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { CountedHistogram, TotalHistogram } from './counted-histogram.js';
import type { Series } from './made-histogram.js';
import { ToldHistogram } from './told-histogram.js';

/** Makes families of one registry: name, help, names of labels. */
export class Families {
  readonly #registers: Registry[];

  constructor(registry: Registry) {
    this.#registers = [registry];
  }

  counter<Label extends string = never>(name: string, help: string, labelNames: Label[] = []): Counter<Label> {
    return new Counter({ name, help, labelNames, registers: this.#registers });
  }

  gauge<Label extends string = never>(name: string, help: string, labelNames: Label[] = []): Gauge<Label> {
    return new Gauge({ name, help, labelNames, registers: this.#registers });
  }

  histogram<Label extends string = never>(
    name: string,
    help: string,
    buckets: number[],
    labelNames: Label[] = [],
  ): Histogram<Label> {
    return new Histogram({ name, help, labelNames, buckets, registers: this.#registers });
  }

  /** A histogram of what comes with each token: its tallies by labels, each to be held as long as its labels hold. */
  tallies<Label extends string = never>(name: string, help: string, buckets: number[], labelNames: Label[] = []) {
    return new CountedHistogram({ name, help, labelNames, buckets, registers: this.#registers });
  }

  /** A histogram without labels of what another one counts by them. */
  total(name: string, help: string, total: () => Series): TotalHistogram {
    return new TotalHistogram({ name, help, registers: this.#registers }, total);
  }

  /** A histogram of something that counts by itself. `perUnit`: how much of the counts' unit one of the family's is. */
  toldHistogram(name: string, help: string, perUnit = 1): ToldHistogram {
    return new ToldHistogram({ name, help, registers: this.#registers }, perUnit);
  }

  /** Counters of something that counts by itself: `tell` sets one to what it has counted. */
  told<Label extends string = never>(name: string, help: string, labelNames: Label[] = []) {
    const counter = this.counter(name, help, labelNames);
    return (value: number, labels?: Record<Label, string>): void => {
      if (labels) {
        counter.remove(labels);
        counter.inc(labels, value);
      } else {
        counter.reset();
        counter.inc(value);
      }
    };
  }
}
