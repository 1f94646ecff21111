import type { SimSetup } from '../../../testing/simulator/systems.js';
import { median } from '../../../testing/statistics.js';
import type { Chart } from '../../chart.js';
import type { Table } from '../../report.js';

export interface StudyOptions {
  setup: SimSetup;
  /** One workload a seed; numbers are medians over them. */
  seeds: string[];
}

/** What a study shows: sentences, losses among them, and what they rest on. */
export interface Study {
  /** A criterion of the design: met or not. */
  findings: string[];
  tables: Table[];
  /** By file name. */
  charts?: Record<string, Chart[]>;
}

/** Runs f for every seed, one after another, and gives the results in order. */
export async function forSeeds<T>(seeds: readonly string[], f: (seed: string) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (const seed of seeds) results.push(await f(seed));
  return results;
}

/** The median of a number over runs. */
export const over = <T>(runs: readonly T[], pick: (run: T) => number): number => median(runs.map(pick));

/** "criterion: value (target): met" in one line. */
export const verdict = (what: string, value: string, target: string, met: boolean): string =>
  `${met ? 'met' : 'MISSED'}: ${what}: ${value} (target ${target})`;
