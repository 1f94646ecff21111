/**
 * What happened, in order; only appended to. Every reader keeps its own position: writing never waits for reading, a
 * reader may come late, and one that stops reading costs nobody anything.
 */
export class EventLog<Event> {
  readonly #events: Event[] = [];
  #closed = false;
  #wake: () => void = () => {};
  #changed: Promise<void> = Promise.resolve();

  constructor() {
    this.#arm();
  }

  get closed(): boolean {
    return this.#closed;
  }

  append(event: Event): void {
    if (this.#closed) return;
    this.#events.push(event);
    this.#arm();
  }

  close(): void {
    this.#closed = true;
    this.#arm();
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
        await this.#changed;
      }
    }
  }

  /** Wakes who waits, and gives those who come later something new to wait for. */
  #arm(): void {
    this.#wake();
    this.#changed = new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
