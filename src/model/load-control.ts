import { onAbort } from '../kit/abort-listeners.js';
import { asBanyanError, BanyanError } from '../kit/errors.js';
import type { LoadProgress } from './model-source.js';

/** Connects one load with its caller: an abort signal, a progress callback, and what either of them does wrong. */
export class LoadControl {
  /** Shared with the loading thread; [0] != 0 ends the load. */
  readonly abortFlag = new Int32Array(new SharedArrayBuffer(4));
  readonly #stop = new AbortController();
  readonly #caller: AbortSignal | undefined;
  readonly #onProgress: ((progress: LoadProgress) => void) | undefined;
  #thrown: { reason: unknown } | undefined;
  readonly #forgetSignal: () => void;

  constructor(signal: AbortSignal | undefined, onProgress: ((progress: LoadProgress) => void) | undefined) {
    this.#caller = signal;
    this.#onProgress = onProgress;
    this.#forgetSignal = onAbort(signal, () => this.#abort());
    if (signal?.aborted) this.#abort();
  }

  /** The signal of the download: aborted with the caller's own, and when the callback throws. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** What the callback throws ends the download or the load, and is what `Engine.load` rejects with. */
  readonly progress = (progress: LoadProgress): void => {
    if (this.#thrown) return;
    try {
      this.#onProgress?.(progress);
    } catch (reason) {
      this.#thrown = { reason };
      this.#abort();
    }
  };

  /** Throws when the load is to end. */
  checkNotAborted(): void {
    if (this.signal.aborted) throw this.failure(this.signal.reason);
  }

  /** The error of the load as the caller sees it: what the callback threw, ABORTED, or the reason given. */
  failure(reason: unknown): unknown {
    if (this.#thrown) return this.#thrown.reason;
    if (this.#caller?.aborted) return new BanyanError('ABORTED', 'Loading was aborted', { cause: this.#caller.reason });
    return asBanyanError(reason);
  }

  end(): void {
    this.#forgetSignal();
  }

  #abort(): void {
    Atomics.store(this.abortFlag, 0, 1);
    this.#stop.abort();
  }
}
