import type { NativeSimWorkload } from '../src/native/simulation.js';
import { type Driven, drive } from '../testing/drive/drive.js';
import type { System } from '../testing/drive/system.js';
import { newTokens } from '../testing/simulator/ideal.js';
import { completions, latencies, type Quantiles, quantiles } from '../testing/simulator/metrics.js';
import { median, spread, sum } from '../testing/statistics.js';
import type { Cell, Table } from './report.js';

/** What a workload cost on a system, summed up. Plain data: one process tells it another. */
export interface Cost {
  wallMs: number;
  /** Of the process that computes; 0 or none where it does not tell. */
  cpuMs: number;
  promptTokens: number;
  prefilledTokens: number;
  outputTokens: number;
  /** Prefilled over what endless memory would prefill. */
  amplification: number;
  ttftMs: Quantiles;
  /** Of programs, from the first call to the last answer. */
  completionS: Quantiles;
  /** What one workload has to say beside that, by the name of its column. */
  extra: Record<string, number>;
}

export interface CostOptions {
  /** Calls that are not done by then are cancelled. */
  untilMs?: number | undefined;
  /** Runs with another one share no tokens. */
  salt?: string | undefined;
  extra?: ((run: Driven) => Record<string, number>) | undefined;
}

/** A cold run of a workload. */
export async function costOf(
  system: System,
  workload: NativeSimWorkload,
  { untilMs, salt, extra = () => ({}) }: CostOptions = {},
): Promise<Cost> {
  await system.forget();
  const before = await system.computed?.();
  const run = await drive(system, workload, {
    ...(untilMs !== undefined && { untilMs }),
    ...(salt !== undefined && { salt }),
  });
  const after = await system.computed?.();
  const told = sum(run.promptTokens) - sum(run.cachedTokens);
  const prefilledTokens = before === undefined || after === undefined ? told : after - before;
  return {
    wallMs: run.wallMs,
    cpuMs: run.cpuMs,
    promptTokens: sum(run.promptTokens),
    prefilledTokens,
    outputTokens: sum(run.outputTokens),
    amplification: prefilledTokens / newTokens(workload),
    ttftMs: latencies(run, workload.calls.keys()).ttftMs,
    completionS: quantiles(completions(workload, run)),
    extra: extra(run),
  };
}

/** A system and its runs. */
export interface Measured {
  name: string;
  runs: Cost[];
}

/** The median of a number over the runs of a system. */
export const over = ({ runs }: Measured, pick: (cost: Cost) => number): number => median(runs.map(pick));

/** Columns of a table: a name, and how a row fills it. */
export type Columns<Row> = Record<string, (row: Row) => Cell>;

export function table<Row>(title: string, columns: Columns<Row>, rows: readonly Row[]): Table {
  const cells = Object.values(columns);
  return { title, columns: Object.keys(columns), rows: rows.map((row) => cells.map((cell) => cell(row))) };
}

/** Medians of a system's runs. */
export const COSTS: Columns<Measured> = {
  system: ({ name }) => name,
  'wall s': (of) => over(of, ({ wallMs }) => wallMs) / 1000,
  'spread %': ({ runs }) => spread(runs.map(({ wallMs }) => wallMs)),
  'CPU s': (of) => over(of, ({ cpuMs }) => cpuMs) / 1000 || '-',
  'prompt tokens': (of) => over(of, ({ promptTokens }) => promptTokens),
  prefilled: (of) => over(of, ({ prefilledTokens }) => prefilledTokens),
  'of new': (of) => over(of, ({ amplification }) => amplification),
  output: (of) => over(of, ({ outputTokens }) => outputTokens),
  'TTFT p50 ms': (of) => over(of, ({ ttftMs }) => ttftMs.p50),
  'p95 ms': (of) => over(of, ({ ttftMs }) => ttftMs.p95),
  'done p50 s': (of) => over(of, ({ completionS }) => completionS.p50),
};
