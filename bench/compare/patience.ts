import type { Measurement } from './order.js';
import type { Line } from './run-log.js';

/** A system that takes so many times as long as the first one is cut: that it is behind by more than any target asks is known, and the others wait. */
const PATIENCE = 6;

/** A short run says little of what the processes of others take to begin. */
const LEAST_S = 30;

/** Seconds after which a run of a case is cut: `limitS`, or sooner where the first system has done it. */
export function patience(lines: readonly Line[], name: string, first: string | undefined, limitS: number): number {
  const took = lines
    .filter((line) => line.case === name && line.system === first && !('error' in line.measurement))
    .map(({ seconds }) => seconds);
  return took.length === 0 ? limitS : Math.min(limitS, Math.max(LEAST_S, PATIENCE * Math.min(...took)));
}

/** What is told of a run that was cut before `limitS`. */
export function cutAs(measurement: Measurement, first: string, patienceS: number, limitS: number): Measurement {
  if (!('error' in measurement) || !measurement.late || patienceS >= limitS) return measurement;
  return { error: `cut after ${patienceS.toFixed(0)} s, more than ${PATIENCE}x of ${first}`, slower: PATIENCE };
}
