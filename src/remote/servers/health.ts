import { type CircuitBreakerPolicy, CircuitState, ConsecutiveBreaker, circuitBreaker, handleWhen } from 'cockatiel';
import { WireFailure } from '../token/transport.js';

/** Failures in a row after which a server is left alone. */
const MOST_FAILURES = 3;
/** A rest is at most so many times the first one. */
const LONGEST = 16;
/** Milliseconds in which a probe is to be answered. */
const PROBE_MS = 5_000;

/**
 * Whether a server is well. After three failures in a row it rests: nothing is sent there, and it is asked whether it is there, until
 * it says so; one that cannot be asked gets one request then, and others once that ended well. Rests get longer while it comes back and
 * fails again.
 */
export class Health {
  readonly #breaker: CircuitBreakerPolicy;
  readonly #probe: ((signal: AbortSignal) => Promise<void>) | undefined;
  readonly #restMs: number;
  readonly #closed = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #rests = 0;
  /** By `performance.now()`: when it is probed next. */
  #until = 0;

  /** `restMs`: the first rest; undefined: it never rests, as there is no other server. `probe` rejects while the server is not well; undefined: a request tells. */
  constructor(restMs: number | undefined, probe: ((signal: AbortSignal) => Promise<void>) | undefined) {
    this.#probe = probe;
    this.#restMs = restMs ?? 0;
    const counts = handleWhen((reason) => reason instanceof WireFailure && reason.kind === 'broken');
    const breaker = new ConsecutiveBreaker(restMs === undefined ? Number.POSITIVE_INFINITY : MOST_FAILURES);
    this.#breaker = circuitBreaker(counts, { halfOpenAfter: 0, breaker });
    this.#breaker.onBreak(() => this.#rest());
  }

  get resting(): boolean {
    const { state } = this.#breaker;
    const tried = this.#probe !== undefined || state !== CircuitState.Open;
    return state !== CircuitState.Closed && (tried || performance.now() < this.#until);
  }

  /** Milliseconds until it is probed next; 0: it does not rest. */
  leftMs(now: number): number {
    return this.resting ? Math.max(0, this.#until - now) : 0;
  }

  /** Runs one request there. What it throws is counted. */
  guard<Result>(run: () => Promise<Result>): Promise<Result> {
    return this.#breaker.execute(run);
  }

  /** A first token came: it is well in earnest. */
  answered(): void {
    this.#rests = 0;
  }

  close(): void {
    this.#closed.abort();
    clearTimeout(this.#timer);
  }

  #rest(): void {
    if (this.#closed.signal.aborted) return;
    const ms = this.#restMs * Math.min(2 ** this.#rests++, LONGEST);
    this.#until = performance.now() + ms;
    const probe = this.#probe;
    if (!probe) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(probe), ms);
    this.#timer.unref();
  }

  /** A failed one is a failure more: it rests again. */
  #ask(probe: (signal: AbortSignal) => Promise<void>): void {
    const signal = AbortSignal.any([this.#closed.signal, AbortSignal.timeout(PROBE_MS)]);
    this.#breaker.execute(() => probe(signal)).catch(() => {});
  }
}
