import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { commit, describeEnvironment, publish, results, setup } from '../report.js';
import { moved, reportAt } from './against.js';
import { compare } from './compare.js';
import { pageOf } from './html-report.js';
import { summarise } from './summary.js';

export interface CompareCommand {
  cases: readonly string[];
  systems?: readonly string[] | undefined;
  model?: string | undefined;
  runs: number;
  threads: number;
  resume?: boolean;
  limitS?: number;
  minutes?: number;
  /** Path of an earlier report's JSON. */
  against?: string | undefined;
  /** Of its files in bench/results. */
  name: string;
  /** As it was typed, for the report. */
  typed: string;
}

/** Measures, prints, and keeps bench/results/<name>.jsonl (each run), .md, .json and .html. */
export async function runComparison({ name, typed, against, minutes = 60, ...asked }: CompareCommand): Promise<void> {
  const earlier = against === undefined ? undefined : reportAt(against); // this one may take its place
  const facts = describeEnvironment();
  mkdirSync(results, { recursive: true });
  const log = fileURLToPath(new URL(`${name}.jsonl`, results));
  const comparison = await compare({
    ...asked,
    minutes,
    log,
    commit: commit(),
    cpu: String(facts.cpu),
    tell: (text) => console.error(text),
  });
  const report = summarise(comparison);
  if (earlier) {
    const { table, both } = moved(report, earlier);
    report.findings.push(`${table.rows.length} of ${both} ratios moved by more than 10% against ${against}`);
    report.tables.splice(1, 0, table);
  }
  Object.assign(report.setup, setup(asked.model ?? 'of each case', asked.threads, asked.runs));
  publish(name, typed, report);
  writeFileSync(new URL(`${name}.html`, results), await pageOf(comparison, report, typed, facts));
}

/** A part of the table in under five minutes: enough to see that it works, and which way things go. */
export const QUICK = { cases: ['W0', 'W2-8', 'W3-best-of', 'W7-4096'], model: '25m', runs: 1 } as const;
