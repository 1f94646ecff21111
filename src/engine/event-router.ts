import type { NativeEvent } from '../native/events.js';

/** Hands each event of a step to the request it belongs to. Sinks run no user code, so none can throw or block a step. */
export class EventRouter {
  readonly #sinks = new Map<number, (event: NativeEvent) => void>();

  get size(): number {
    return this.#sinks.size;
  }

  attach(request: number, sink: (event: NativeEvent) => void): void {
    this.#sinks.set(request, sink);
  }

  deliver(events: readonly NativeEvent[]): void {
    for (const event of events) {
      const sink = this.#sinks.get(event.request);
      if (event.type === 'finish' || event.type === 'error') this.#sinks.delete(event.request);
      sink?.(event);
    }
  }

  /** For requests whose finish event will never come, because the engine is gone. */
  fail(code: string, message: string): void {
    this.deliver([...this.#sinks.keys()].map((request) => ({ type: 'error' as const, request, code, message })));
  }
}
