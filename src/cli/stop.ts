import { once } from 'node:events';

const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const;

/** Ctrl-C and SIGTERM: the first one ends the work in hand, so that engine and terminal are left in order; a second the process. */
export class Stop {
  readonly #controller = new AbortController();
  #exitCode: number | undefined;
  readonly #listeners = (Object.keys(SIGNALS) as (keyof typeof SIGNALS)[]).map((name) => {
    const listener = () => this.stop(name);
    process.on(name, listener);
    return { name, listener };
  });

  /** Aborted at the first signal. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** 128 + the number of the signal, as shells have it; undefined: none came. */
  get exitCode(): number | undefined {
    return this.#exitCode;
  }

  /** Resolves at the first signal. */
  async requested(): Promise<void> {
    if (!this.signal.aborted) await once(this.signal, 'abort');
  }

  stop(name: keyof typeof SIGNALS): void {
    if (this.#exitCode !== undefined) process.exit(this.#exitCode);
    this.#exitCode = SIGNALS[name];
    this.#controller.abort();
  }

  end(): void {
    for (const { name, listener } of this.#listeners) process.off(name, listener);
  }
}

/** Work that a signal ends: quietly, with the exit code of the signal, or with 0 where a signal is its usual end. */
export async function untilStopped(work: (stop: Stop) => Promise<void>, usual = false): Promise<void> {
  const stop = new Stop();
  try {
    await work(stop);
  } catch (error) {
    if (stop.exitCode === undefined) throw error;
  } finally {
    stop.end();
    process.exitCode = usual && stop.exitCode !== undefined ? 0 : stop.exitCode;
  }
}
