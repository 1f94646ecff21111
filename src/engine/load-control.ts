import { asBanyanError, BanyanError } from './errors.js';
import type { LoadProgress } from './load-options.js';

/** Connects one native load with its caller: an abort signal, a progress callback, and what either of them does wrong. */
export class LoadControl {
  /** Shared with the loading thread; [0] != 0 ends the load. */
  readonly abortFlag = new Int32Array(new SharedArrayBuffer(4));
  readonly #signal: AbortSignal | undefined;
  readonly #onProgress: ((progress: LoadProgress) => void) | undefined;
  #thrown: { reason: unknown } | undefined;
  readonly #abort = () => {
    Atomics.store(this.abortFlag, 0, 1);
  };

  constructor(signal: AbortSignal | undefined, onProgress: ((progress: LoadProgress) => void) | undefined) {
    this.#signal = signal;
    this.#onProgress = onProgress;
    signal?.addEventListener('abort', this.#abort, { once: true });
  }

  /** What the callback throws ends the load, and is what `Engine.load` rejects with. */
  readonly progress = (fraction: number): void => {
    try {
      this.#onProgress?.({ stage: 'load', fraction });
    } catch (reason) {
      this.#thrown ??= { reason };
      this.#abort();
    }
  };

  /** Throws ABORTED once the signal is aborted. */
  checkNotAborted(): void {
    if (this.#signal?.aborted) throw new BanyanError('ABORTED', 'Loading was aborted', { cause: this.#signal.reason });
  }

  /** What a rejected load means to the caller. */
  failure(reason: unknown): unknown {
    if (this.#thrown) return this.#thrown.reason;
    this.checkNotAborted();
    return asBanyanError(reason);
  }

  end(): void {
    this.#signal?.removeEventListener('abort', this.#abort);
  }
}
