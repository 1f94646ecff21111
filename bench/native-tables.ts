import type { Table } from './report.js';

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
