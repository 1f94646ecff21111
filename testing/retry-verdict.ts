import { median } from './statistics.js';

/** Of a wait, by which what was told of it may be off. */
const OFF = 0.3;
/** Part of all refusals that are to be told so near. */
const NEAR = 0.9;
/** By which the median may be off: so much to one side is a fault of the estimate, and no chance. */
const BIAS = 0.15;

/** Whether refused requests were told when they would be taken. `ratios`: what each was told, over the wait after which it was taken. */
export function retryVerdict(ratios: readonly number[]): { met: boolean; words: string } {
  const near = ratios.filter((ratio) => Math.abs(ratio - 1) <= OFF).length;
  const middle = median(ratios);
  return {
    met: near >= NEAR * ratios.length && Math.abs(middle - 1) <= BIAS,
    words: `${near} of ${ratios.length} refusals were told within ${100 * OFF}% of the wait after which the same request was taken (target ${100 * NEAR}%), ${middle.toFixed(2)} of it in the median (target within ${100 * BIAS}%)`,
  };
}
