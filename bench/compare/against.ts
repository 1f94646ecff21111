import { readFileSync } from 'node:fs';
import type { Report, Table } from '../report.js';

/** What differs at most between two quiet runs of one commit. */
const TOLERANCE = 0.1;

/** The ratios of a report that was kept as JSON. */
export const reportAt = (path: string): Pick<Report, 'tables'> => JSON.parse(readFileSync(path, 'utf8')) as Report;

/** The ratios that an earlier report does not confirm, and how many both have. */
export function moved(now: Pick<Report, 'tables'>, earlier: Pick<Report, 'tables'>): { table: Table; both: number } {
  const before = ratiosOf(earlier);
  const both = [...ratiosOf(now)].flatMap(([name, times]) => {
    const then = before.get(name);
    return then === undefined ? [] : [{ name, then, times }];
  });
  const rows = both
    .filter(({ then, times }) => Math.max(times / then, then / times) > 1 + TOLERANCE)
    .map(({ name, then, times }) => [name, `${then.toFixed(2)}x`, `${times.toFixed(2)}x`]);
  const title = `Ratios that moved by more than ${100 * TOLERANCE}%`;
  return { table: { title, columns: ['ratio', 'earlier', 'now'], rows }, both: both.length };
}

/** Of the first table of a comparison: `case over system` -> times. */
function ratiosOf({ tables: [overview] }: Pick<Report, 'tables'>): Map<string, number> {
  const systems = overview?.columns.slice(2) ?? [];
  const cells = (overview?.rows ?? []).flatMap(([name, , ...ratios]) =>
    ratios.map((ratio, i): [string, number] => [`${name} over ${systems[i]}`, Number.parseFloat(String(ratio))]),
  );
  return new Map(cells.filter(([, times]) => Number.isFinite(times)));
}
