import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { pathToFileURL } from 'node:url';
import { loadBinding } from '../src/native/binding.js';

export interface BenchOptions {
  runs: number;
  /** 0 = one a physical core. */
  threads: number;
  /** On a hybrid, a model with recurrent layers, where the benchmark takes one. */
  hybrid: boolean;
  /** Works whose names hold it, where the benchmark has several. */
  only?: string;
}

/** What a report says of its runs. */
export const setup = (model: string, threads: number, runs: number) => ({
  model,
  threads: threads || 'all physical cores',
  repetitions: `${runs}, by turns, medians`,
});

export type Cell = string | number;

export interface Table {
  title: string;
  columns: string[];
  rows: Cell[][];
}

/** What a benchmark returns: ratios first, then the tables they come from. */
export interface Report {
  /** One sentence each, the losses too. */
  findings: string[];
  tables: Table[];
  /** What was held constant: model shape, repetitions, sizes. */
  setup: Record<string, Cell>;
}

/** Where reports go: BENCH_RESULTS, or bench/results. */
export const results = process.env.BENCH_RESULTS
  ? pathToFileURL(`${process.env.BENCH_RESULTS}/`)
  : new URL('./results/', import.meta.url);

/** What one part of a benchmark found. */
export type Measured = Pick<Report, 'findings' | 'tables'>;

/** Prints the report and keeps it as bench/results/<name>.{md,json}. */
export function publish(name: string, command: string, report: Report): void {
  const environment = describeEnvironment();
  const text = render(name, command, report, environment);
  mkdirSync(results, { recursive: true });
  writeFileSync(new URL(`${name}.md`, results), text);
  writeFileSync(
    new URL(`${name}.json`, results),
    `${JSON.stringify({ name, command, environment, ...report }, null, 2)}\n`,
  );
  console.log(text);
}

/** The machine and the versions. */
export function describeEnvironment(): Record<string, Cell> {
  const { version, llamaVersion, backend } = loadBinding();
  const [cpu] = cpus();
  return {
    cpu: `${cpu?.model.trim()}, ${cpus().length} logical cores`,
    memory: `${Math.round(totalmem() / 2 ** 30)} GB`,
    node: process.version,
    banyan: `${version} (${commit()}), backend ${backend}`,
    'llama.cpp': llamaVersion,
  };
}

export function commit(): string {
  try {
    const git = (...args: string[]) =>
      execFileSync('git', args, { encoding: 'utf8', cwd: new URL('.', import.meta.url) });
    return git('rev-parse', '--short', 'HEAD').trim();
  } catch {
    return `package ${JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version}`;
  }
}

function render(name: string, command: string, report: Report, environment: Record<string, Cell>): string {
  const facts = (record: Record<string, Cell>) => Object.entries(record).map(([key, value]) => `- ${key}: ${value}`);
  return [
    `# ${name}`,
    '',
    ...report.findings.map((finding) => `- **${finding}**`),
    '',
    `Command: \`${command}\``,
    '',
    ...facts(environment),
    ...facts(report.setup),
    ...report.tables.flatMap((table) => ['', `## ${table.title}`, '', ...rows(table)]),
    '',
  ].join('\n');
}

const rows = ({ columns, rows }: Table): string[] => [
  `| ${columns.join(' | ')} |`,
  `|${columns.map(() => '---').join('|')}|`,
  ...rows.map((row) => `| ${row.map(show).join(' | ')} |`),
];

export function show(cell: Cell): string {
  if (typeof cell === 'string') return cell;
  if (Number.isInteger(cell)) return cell.toLocaleString('en-US');
  return Math.abs(cell) >= 100 ? cell.toFixed(0) : cell.toFixed(2);
}
