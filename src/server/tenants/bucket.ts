const MINUTE_MS = 60_000;

/** An allowance that fills by `perMinute` a minute, and holds a minute's at most. It may be overdrawn: what an answer costs is known at its end. */
export class Bucket {
  readonly #now: () => number;
  #perMinute: number;
  #level: number;
  #at: number;

  constructor(perMinute: number, now: () => number) {
    this.#now = now;
    this.#perMinute = perMinute;
    this.#level = perMinute;
    this.#at = now();
  }

  /** Milliseconds until there is something in it, with `count` at least; 0: now. */
  wait(count: number): number {
    this.#fill();
    const missing = Math.min(count, this.#perMinute) - this.#level;
    return missing <= 0 ? 0 : Math.ceil((missing / this.#perMinute) * MINUTE_MS);
  }

  take(count: number): void {
    this.#fill();
    this.#level -= count;
  }

  /** From now on it fills by so many; what is in it stays, as far as there is room. */
  change(perMinute: number): void {
    this.#fill();
    this.#perMinute = perMinute;
    this.#level = Math.min(this.#level, perMinute);
  }

  #fill(): void {
    const now = this.#now();
    this.#level = Math.min(this.#perMinute, this.#level + ((now - this.#at) / MINUTE_MS) * this.#perMinute);
    this.#at = now;
  }
}
