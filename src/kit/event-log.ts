/**
 * What happened, in order; only appended to. Every reader keeps its own position: writing never waits for reading, a
 * reader may come late, and one that stops reading costs the others nothing.
 */
export class EventLog<Event> {
  readonly #events: Event[] = [];
  readonly #followers = new Set<() => void>();
  #closed = false;
  /** The next change, for readers at the end; undefined: no reader waits. */
  #change: { promise: Promise<void>; resolve: () => void } | undefined;

  get closed(): boolean {
    return this.#closed;
  }

  append(event: Event): void {
    if (this.#closed) return;
    this.#events.push(event);
    this.#wake();
  }

  close(): void {
    this.#closed = true;
    this.#wake();
  }

  /** All events from the first one to the end, as they come. */
  async *read(): AsyncGenerator<Event, void, undefined> {
    for (let position = 0; ; ) {
      const event = this.#events[position];
      if (event !== undefined) {
        position++;
        yield event;
      } else if (this.#closed) {
        return;
      } else {
        await this.#changed();
      }
    }
  }

  /**
   * Calls `listener` with all events from the first one on, each while it is appended: no promise an event. Those that are there
   * already come right after this call has returned. `listener` must not throw. Returns what ends it.
   */
  follow(listener: (event: Event) => void): () => void {
    let position = 0;
    let ended = false;
    const catchUp = () => {
      while (!ended && position < this.#events.length) listener(this.#events[position++] as Event);
    };
    this.#followers.add(catchUp);
    if (this.#events.length > 0) queueMicrotask(catchUp);
    return () => {
      ended = true;
      this.#followers.delete(catchUp);
    };
  }

  #changed(): Promise<void> {
    if (!this.#change) {
      let resolve = () => {};
      const promise = new Promise<void>((resolved) => {
        resolve = resolved;
      });
      this.#change = { promise, resolve };
    }
    return this.#change.promise;
  }

  #wake(): void {
    for (const catchUp of this.#followers) catchUp();
    this.#change?.resolve();
    this.#change = undefined;
  }
}
