import { median, sum } from '../../testing/statistics.js';
import type { Line } from './run-log.js';

type Runs = readonly { case: string; system: string }[];
/** What is told of a run that was. */
export type Timed = Pick<Line, 'case' | 'system' | 'seconds'>;

/** How long a run of this case on this system takes: as before, or as others of the case, or as all. Seconds. */
function secondsOf(lines: readonly Timed[], name: string, system: string): number {
  const of = (some: readonly Timed[]) => (some.length > 0 ? median(some.map(({ seconds }) => seconds)) : undefined);
  const ofCase = lines.filter((line) => line.case === name);
  return of(ofCase.filter((line) => line.system === system)) ?? of(ofCase) ?? of(lines) ?? 30;
}

/** Seconds that these runs take, if they take what such runs took in `lines`. */
export const expectedSeconds = (lines: readonly Timed[], open: Runs): number =>
  sum(open.map((each) => secondsOf(lines, each.case, each.system)));

/** Such as `about 14 min left`: of the runs that `must` be, and of those that `may` as far as `withinS` lets them. */
export function timeLeft(
  lines: readonly Timed[],
  must: Runs,
  may: Runs = [],
  withinS = Number.POSITIVE_INFINITY,
): string {
  if (must.length + may.length === 0) return 'done';
  const least = expectedSeconds(lines, must);
  const seconds = Math.max(least, Math.min(least + expectedSeconds(lines, may), withinS));
  return seconds < 90 ? `about ${Math.ceil(seconds / 10) * 10} s left` : `about ${Math.round(seconds / 60)} min left`;
}
