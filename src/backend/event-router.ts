import type { NativeDecision } from '../native/decisions.js';
import type { NativeEvent, RequestEvent } from '../native/events.js';

/** Hands each event of a step to the request it belongs to. Sinks run no user code, so none can throw or block a step. */
export class EventRouter {
  readonly #sinks = new Map<number, (event: RequestEvent) => void>();
  /** Gets the scheduler's decisions while somebody wants them. */
  onDecision: ((decision: NativeDecision) => void) | undefined;

  get size(): number {
    return this.#sinks.size;
  }

  attach(request: number, sink: (event: RequestEvent) => void): void {
    this.#sinks.set(request, sink);
  }

  deliver(events: readonly NativeEvent[]): void {
    for (const event of events) {
      if (event.type === 'decision') {
        this.onDecision?.(event.decision);
        continue;
      }
      const sink = this.#sinks.get(event.request);
      if (event.type === 'finish' || event.type === 'error') this.#sinks.delete(event.request);
      sink?.(event);
    }
  }

  /** For requests whose finish event will never come, because the engine is gone. */
  fail(code: string, message: string): void {
    const error = { type: 'error' as const, code, message, retryAfterMs: 0 };
    this.deliver([...this.#sinks.keys()].map((request) => ({ ...error, request })));
  }
}
