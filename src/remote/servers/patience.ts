/** A signal that aborts with the caller's, or when a wait is over. */
export class Patience {
  readonly #control = new AbortController();
  readonly #caller: AbortSignal;
  readonly #abort = () => this.#control.abort();
  #timer: NodeJS.Timeout | undefined;
  #over = false;

  constructor(caller: AbortSignal) {
    this.#caller = caller;
    caller.addEventListener('abort', this.#abort);
    if (caller.aborted) this.#abort();
  }

  get signal(): AbortSignal {
    return this.#control.signal;
  }

  /** The last wait took too long. */
  get over(): boolean {
    return this.#over;
  }

  /** From now on so many milliseconds, in place of what was waited for before. */
  wait(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#over = true;
      this.#abort();
    }, ms);
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#caller.removeEventListener('abort', this.#abort);
  }
}
