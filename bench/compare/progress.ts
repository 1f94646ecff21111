import { median } from '../../testing/statistics.js';
import type { Line } from './run-log.js';

/** How long a run of this case on this system takes: as before, or as others of the case, or as all. Seconds. */
function expectedSeconds(lines: readonly Line[], name: string, system: string): number {
  const of = (some: readonly Line[]) => (some.length > 0 ? median(some.map(({ seconds }) => seconds)) : undefined);
  const ofCase = lines.filter((line) => line.case === name);
  return of(ofCase.filter((line) => line.system === system)) ?? of(ofCase) ?? of(lines) ?? 30;
}

/** Such as `about 14 min left`. */
export function timeLeft(lines: readonly Line[], open: readonly { case: string; system: string }[]): string {
  const seconds = open.reduce((total, each) => total + expectedSeconds(lines, each.case, each.system), 0);
  if (open.length === 0) return 'done';
  return seconds < 90 ? `about ${Math.ceil(seconds / 10) * 10} s left` : `about ${Math.round(seconds / 60)} min left`;
}
