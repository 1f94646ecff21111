import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Table } from './report.js';

/** The build tree of `npm install`. */
export const BUILD = fileURLToPath(new URL('../native/.build/cpu', import.meta.url));

/** Builds a benchmark of bench/native and returns its path. Throws when that fails, as without a compiler. */
function nativeProgram(name: string): string {
  // The tree of `npm install` knows no tests and benchmarks yet.
  for (const args of [
    ['-DENGINE_TESTS=ON', BUILD],
    ['--build', BUILD, '--target', name],
  ])
    execFileSync('cmake', args, { stdio: ['ignore', 'ignore', 'inherit'] });
  return `${BUILD}/${name}`;
}

/** What it prints, run with these arguments; its progress goes to ours. Throws when it fails. */
export const printed = (name: string, args: readonly string[]): string =>
  execFileSync(nativeProgram(name), args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });

/** The one Markdown table that it prints. Throws when it prints none, or no row. */
export function printedTable(title: string, name: string, args: readonly string[]): Table {
  const output = printed(name, args);
  const cells = (line: string) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
  const [head, , ...rows] = output.split('\n').filter((line) => line.startsWith('|'));
  if (!head || rows.length === 0) throw new Error(`${name} printed no table:\n${output}`);
  return { title, columns: cells(head), rows: rows.map(cells) };
}
