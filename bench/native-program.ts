import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Table } from './report.js';

/** The build tree of `npm install`. */
export const BUILD = fileURLToPath(new URL('../native/.build/cpu', import.meta.url));

/** Builds a benchmark of bench/native and returns its path. Throws when that fails, as without a compiler. */
export function nativeProgram(name: string): string {
  // The tree of `npm install` knows no tests and benchmarks yet.
  for (const args of [
    ['-DENGINE_TESTS=ON', BUILD],
    ['--build', BUILD, '--target', name],
  ])
    execFileSync('cmake', args, { stdio: ['ignore', 'ignore', 'inherit'] });
  return `${BUILD}/${name}`;
}

/** The table of a Markdown text that a native benchmark printed. */
export function nativeTables(title: string, markdown: string): Table[] {
  const lines = markdown.split('\n').filter((line) => line.startsWith('|'));
  const cells = (line: string) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
  const [head, , ...rows] = lines;
  return head ? [{ title, columns: cells(head), rows: rows.map(cells) }] : [];
}
