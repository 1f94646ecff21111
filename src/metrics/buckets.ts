/** Bounds for times of requests and runs, seconds. */
export const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_200];

/** Bounds for times of single steps and tokens, seconds. */
export const SHORT_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 1, 5];

/** Bounds for counts up to `most`: 1, 2, 5, 10, 20 ... */
export function counts(most: number): number[] {
  const bounds: number[] = [];
  for (let decade = 1; decade <= most; decade *= 10) {
    for (const bound of [decade, 2 * decade, 5 * decade]) if (bound <= most) bounds.push(bound);
  }
  return bounds;
}
