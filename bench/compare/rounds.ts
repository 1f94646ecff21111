import { expectedSeconds, type Timed } from './progress.js';
import type { Line } from './run-log.js';

/** One run of a case on a system. */
export type Turn = Pick<Line, 'case' | 'system' | 'run'>;

/** One run of a case on all of its systems, one after another. */
export type Round = readonly Turn[];

/** One run of each system, every other time in the opposite order. */
export function roundOf(name: string, systems: readonly string[], run: number): Round {
  const order = run % 2 === 0 ? systems : [...systems].reverse();
  return order.map((system) => ({ case: name, system, run }));
}

const numberOf = ([first]: Round): number => first?.run ?? 0;

/**
 * The round that comes next, and those after it, as `lines` say how long runs take: each case once, in their order, then again as far as that
 * fits `withinS` seconds, short ones first, as these vary most. Undefined: nothing is left that fits.
 */
export function nextRound(
  open: readonly Round[],
  lines: readonly Timed[],
  withinS: number,
): { round: Round; rest: readonly Round[] } | undefined {
  const seconds = (round: Round) => expectedSeconds(lines, round);
  const first = open.findIndex((round) => numberOf(round) === 0);
  if (first >= 0) return { round: open[first] as Round, rest: open.filter((_, at) => at !== first) };
  const fitting = open.filter((round) => seconds(round) <= withinS);
  const [round, ...rest] = fitting.sort((a, b) => numberOf(a) - numberOf(b) || seconds(a) - seconds(b));
  return round && { round, rest };
}
