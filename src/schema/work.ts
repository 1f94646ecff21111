/**
 * Work on one schema, counted while the caller waits: about a microsecond a unit. A count, not a clock: the same schema is
 * refused everywhere or nowhere.
 */
let done = 0;
let limit = Number.POSITIVE_INFINITY;

/** A schema whose grammar would take too long to make. */
export class TooMuchWork extends Error {
  constructor() {
    super('up to here the schema takes too much work to enforce: make it smaller, or simpler');
  }
}

export function spend(units: number): void {
  done += units;
  if (done > limit) throw new TooMuchWork();
}

/** All that was spent so far, to say what a part of it cost. */
export function workDone(): number {
  return done;
}

/** Throws TooMuchWork when `make` needs more. */
export function within<T>(units: number, make: () => T): T {
  limit = done + units;
  try {
    return make();
  } finally {
    limit = Number.POSITIVE_INFINITY;
  }
}
