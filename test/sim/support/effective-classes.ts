import type { LogRecord } from './records.js';

/** What the log tells of effective classes: lifted by age at admission, lent by those who wait for one's prefill. */
export class EffectiveClasses {
  static readonly AGE: [number, number, number] = [0, 20_000, 50_000];
  readonly #own = new Map<number, number>(); // of a running call, at its admission
  readonly #lent = new Map<number, number>(); // of a running prefill
  readonly #since = new Map<number, number>(); // of a waiting call
  readonly #waited = new Map<number, number>();
  readonly #prefillEnd = new Map<number, number>();
  #lifted = 0; // the request that is lifted by the admission under way

  constructor(readonly classOf: (request: number) => number) {}

  /** Of the one that may lose its place: what it got by itself. */
  own = (request: number) => this.#own.get(request) ?? this.classOf(request);

  /** Of the one that gains: a waiting call has its class, whatever its age. */
  gaining(request: number): number {
    if (this.#since.has(request)) return this.classOf(request);
    return Math.min(this.own(request), this.#lent.get(request) ?? 2);
  }

  see({ kind, at, request, a, b }: LogRecord): void {
    if (kind === 'arrive' || kind === 'preempt') this.#since.set(request, at);
    if (kind === 'admit') {
      this.#waited.set(request, this.#wait(request, at));
      this.#since.delete(request);
      this.#lent.delete(request);
      this.#prefillEnd.set(request, a + b);
      if (this.#lifted !== request) this.#own.delete(request);
      this.#lifted = 0;
    }
    if (kind === 'lift') {
      this.#own.set(request, b);
      this.#lifted = request;
    }
    if (kind === 'dedupe') this.#lent.set(a, Math.min(this.#lent.get(a) ?? 2, this.#aged(request, at)));
    if (kind === 'row' && a + b >= (this.#prefillEnd.get(request) ?? 0)) this.#lent.delete(request);
  }

  #wait = (request: number, at: number) => (this.#waited.get(request) ?? 0) + at - (this.#since.get(request) ?? at);
  #aged(request: number, at: number): number {
    const cls = this.classOf(request);
    return cls === 0
      ? 0
      : Math.max(0, cls - Math.floor(this.#wait(request, at) / (EffectiveClasses.AGE[cls] as number)));
  }
}
