/** One that is called with each event, and how many it has had; left, it has had all that will ever come. */
interface Follower<Event> {
  readonly listener: (event: Event) => void;
  position: number;
}

/**
 * What happened, in order; only appended to. Every reader keeps its own position: writing never waits for reading, a
 * reader may come late, and one that stops reading costs the others nothing.
 */
export class EventLog<Event> {
  readonly #events: Event[] = [];
  /** Replaced by each that comes or goes: a walk over them sees the same ones to its end. */
  #followers: readonly Follower<Event>[] = [];
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
    const follower: Follower<Event> = { listener, position: 0 };
    this.#followers = [...this.#followers, follower];
    if (this.#events.length > 0) queueMicrotask(() => this.#catchUp(follower));
    return () => {
      follower.position = Number.POSITIVE_INFINITY;
      this.#followers = this.#followers.filter((one) => one !== follower);
    };
  }

  #catchUp(follower: Follower<Event>): void {
    while (follower.position < this.#events.length) follower.listener(this.#events[follower.position++] as Event);
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
    const followers = this.#followers;
    for (let at = 0; at < followers.length; at++) this.#catchUp(followers[at] as Follower<Event>);
    this.#change?.resolve();
    this.#change = undefined;
  }
}
