/**
 * What happened, in order; only appended to. Every reader keeps its own position: writing never waits for reading, a
 * reader may come late, and one that stops reading costs the others nothing.
 */
export class EventLog<Event> {
  readonly #events: Event[] = [];
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
    this.#change?.resolve();
    this.#change = undefined;
  }
}
