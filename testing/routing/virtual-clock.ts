/** Milliseconds that pass from event to event. What is due at the same time happens in the order in which it was asked for. */
export class VirtualClock {
  /** The latest first. */
  readonly #events: { at: number; happen: () => void }[] = [];
  now = 0;

  at(at: number, happen: () => void): void {
    let [low, high] = [0, this.#events.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#events[middle]?.at ?? 0) > at) low = middle + 1;
      else high = middle;
    }
    this.#events.splice(low, 0, { at, happen });
  }

  /** Until nothing is due any more. */
  run(): void {
    for (let event = this.#events.pop(); event; event = this.#events.pop()) {
      this.now = event.at;
      event.happen();
    }
  }
}
