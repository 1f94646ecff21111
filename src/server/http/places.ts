import { hasCode } from '../../kit/errors.js';
import { HttpError } from './http-error.js';

/** Of a new time between two ends, in the smoothed one. */
const WEIGHT = 0.2;
/** Until two answers have ended nothing is known of how long they take. */
const UNKNOWN_MS = 1_000;

/**
 * Places for answers under way, those that wait for the engine among them: a server that takes all that comes would let its last
 * clients wait without end. Who finds none is told when one is likely to be free: each further one a place later.
 */
export class Places {
  readonly #most: number;
  readonly #now: () => number;
  #taken = 0;
  /** Places that were promised to those who were sent away, and have not come free yet. */
  #promised = 0;
  /** Between two ends, milliseconds, smoothed. */
  #between: number | undefined;
  #lastEnd: number | undefined;

  constructor(most: number, now: () => number = () => performance.now()) {
    this.#most = most;
    this.#now = now;
  }

  /** All of them. */
  get most(): number {
    return this.#most;
  }

  get taken(): number {
    return this.#taken;
  }

  /** Throws HttpError 429 when so many more answers have no place. */
  check(count: number): void {
    if (this.#taken + count <= this.#most) return;
    const message = `${this.#taken} answers are under way or wait, and ${this.#most} is the most`;
    throw new HttpError(429, 'queue_full', message, undefined, this.later(count));
  }

  /**
   * Milliseconds after which so many more answers are likely to have ended, those counted that were promised to others who were
   * sent away: if all came back at once, most would be sent away again.
   */
  later(count: number): number {
    this.#promised += count;
    return this.#promised * (this.#between ?? UNKNOWN_MS);
  }

  /** Takes a place until an answer has ended, however it ends; only those that came to their end tell how long one takes. */
  hold(ended: Promise<unknown>): void {
    if (this.#taken++ === 0) this.#lastEnd = undefined; // it was idle: that time tells nothing of answers
    ended.then(
      () => {
        this.#leave();
        this.#measure();
      },
      (reason) => this.#leave(hasCode(reason, 'BACKPRESSURE')),
    );
  }

  /** `refused`: the engine never took it, and nothing came free. */
  #leave(refused = false): void {
    this.#taken--;
    if (!refused) this.#promised = Math.max(0, this.#promised - 1);
  }

  #measure(): void {
    const now = this.#now();
    if (this.#lastEnd !== undefined) {
      const took = now - this.#lastEnd;
      this.#between = this.#between === undefined ? took : this.#between + WEIGHT * (took - this.#between);
    }
    this.#lastEnd = now;
  }
}
