import type { PackedRows } from './told-types.js';

/** Numbers of a table, row by row. */
export type Numbers = Float64Array | Uint8Array;

/** Stands in runs for rows that the page does not have. */
const NEW = -1;
/** Numbers of a row that take about as many bytes as a run. */
const RUN = 2;

/** All rows, for a page that has none. */
export function allRows({ buffer, byteOffset, byteLength }: Numbers): PackedRows {
  return { rows: Buffer.from(buffer, byteOffset, byteLength).toString('base64') };
}

/**
 * Rows for a page that has `before`: those that are the same by their places there, the others whole. All of them, where that is shorter.
 * `across`: numbers of a row. `keyed`: its first number names it, and it may have moved; else it can only be the same as what stood in its place.
 */
export function changedRows(before: Numbers, after: Numbers, across: number, keyed: boolean): PackedRows {
  const placeOf = keyed ? finder(before, across) : (_key: number, next: number) => next;
  const runs: number[] = [];
  const fresh: number[] = [];
  for (let row = 0, next = 0; row * across < after.length; row++) {
    const place = placeOf(after[row * across] as number, next);
    const same = place !== undefined && isSame(before, place * across, after, row * across, across);
    if (!same) fresh.push(row);
    extend(runs, same ? place : NEW);
    if (place !== undefined) next = place + 1;
  }
  if (fresh.length * across + runs.length * RUN >= after.length) return allRows(after);
  const told = new (after instanceof Uint8Array ? Uint8Array : Float64Array)(fresh.length * across);
  for (const [at, row] of fresh.entries()) told.set(after.subarray(row * across, (row + 1) * across), at * across);
  return { ...allRows(told), runs };
}

/** Finds where a row stood, mostly behind the one before it; undefined: nowhere. */
function finder(before: Numbers, across: number) {
  let places: Map<number, number> | undefined;
  return (key: number, next: number): number | undefined => {
    if (before[next * across] === key) return next;
    if (!places) {
      places = new Map();
      for (let row = 0; row * across < before.length; row++) places.set(before[row * across] as number, row);
    }
    return places.get(key);
  };
}

function isSame(before: Numbers, from: number, after: Numbers, at: number, across: number): boolean {
  for (let column = 0; column < across; column++) if (before[from + column] !== after[at + column]) return false;
  return true;
}

/** Adds a row to the last run, if it goes on there, or begins one. */
function extend(runs: number[], place: number): void {
  const [from, count] = [runs.at(-2), runs.at(-1)];
  const goesOn = from !== undefined && count !== undefined && place === (from === NEW ? NEW : from + count);
  if (goesOn) runs[runs.length - 1] = count + 1;
  else runs.push(place, 1);
}
