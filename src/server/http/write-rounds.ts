/** Part of the time of the thread of JavaScript that writes to streams may take before they are gathered for longer. */
const SHARE = 0.05;
/** A stream is never held back for longer. */
const LONGEST_MS = 200;

/** A stream with something to write. */
export interface Written {
  /** Writes what waits, if anything does. */
  write(): void;
}

/**
 * When streams are written. A write costs the same whatever it holds, the most that a token costs a server, so that growing texts
 * leave in rounds: a round writes all that have grown, and the next one begins `gatherMs` after it at the soonest, or twenty times as
 * long as it took. At 5 us a write that is 10 ms up to 100 streams that grow at once, 40 ms with 400, 100 ms with 1,000, 200 ms with 2,000 or
 * more, or with 1,000 where a write takes 10 us: so long a text may be held back, half as long on average. Where tokens come more slowly than that each leaves at once, as do a stream's
 * first token and all that is no growing text.
 */
export class WriteRounds {
  readonly #gatherMs: number;
  #soon: Written[] = [];
  #later: Written[] = [];
  #next = 0;

  /** `gatherMs` 0: whatever a step gives leaves when it has been told to all. */
  constructor(gatherMs: number) {
    this.#gatherMs = gatherMs;
  }

  /** Writes it in this tick of the loop, after what else happens in it. */
  soon(one: Written): void {
    if (this.#soon.push(one) > 1) return;
    process.nextTick(() => {
      const written = this.#soon;
      this.#soon = [];
      for (const one of written) one.write();
    });
  }

  /** Writes it in the next round. */
  later(one: Written): void {
    if (this.#later.push(one) > 1) return;
    const wait = this.#gatherMs > 0 ? this.#next - performance.now() : 0;
    if (wait > 0) setTimeout(this.#round, wait);
    else process.nextTick(this.#round);
  }

  readonly #round = () => {
    const written = this.#later;
    this.#later = [];
    const start = performance.now();
    for (const one of written) one.write();
    const took = performance.now() - start;
    this.#next = start + Math.min(LONGEST_MS, Math.max(this.#gatherMs, took / SHARE));
  };
}
