import { asBanyanError, type BanyanError } from './errors.js';

/** Gets the events of work under way as they happen, without a promise each. */
export interface EventSink<Event> {
  /** Gets each event, in order, on the thread of the program. It should return soon: all streams wait meanwhile. */
  event(event: Event): void;
  /** Called once, last: with undefined, or with why the work failed. */
  end(failure: BanyanError | undefined): void;
}

/**
 * A sink that may be called from where nothing may be thrown: what the sink of the caller throws is an uncaught exception of the
 * program. One that throws gets nothing more, and `left` is called, as for a reader who leaves a loop by an exception.
 */
export class SafeSink<Event> {
  readonly #sink: EventSink<Event>;
  readonly #left: () => void;
  #over = false;

  constructor(sink: EventSink<Event>, left: () => void) {
    this.#sink = sink;
    this.#left = left;
  }

  event(event: Event): void {
    if (this.#over) return;
    try {
      this.#sink.event(event);
    } catch (reason) {
      this.#over = true;
      throwLater(reason);
      this.#left();
    }
  }

  /** `reason`: undefined, or what the work failed with. */
  end(reason?: unknown): void {
    if (this.#over) return;
    this.#over = true;
    try {
      this.#sink.end(reason === undefined ? undefined : asBanyanError(reason));
    } catch (thrown) {
      throwLater(thrown);
    }
  }

  /** Gives nothing more to the sink. */
  stop(): void {
    this.#over = true;
  }
}

/** Makes it an uncaught exception of the program, once what runs now is done. */
export function throwLater(reason: unknown): void {
  queueMicrotask(() => {
    throw reason;
  });
}
