/**
 * Work under way that can be read (`for await`) and awaited, in any order, both or neither: it runs anyway, and a failure
 * that is not awaited is no unhandled rejection. Leaving the loop early cancels the work.
 */
export abstract class EventStream<Event, Result> implements AsyncIterable<Event>, PromiseLike<Result> {
  /** The whole result. `await stream` is the same. */
  abstract readonly result: Promise<Result>;

  /** Ends the work soon; the result resolves with what there is. Nothing happens when it has ended already. */
  abstract cancel(): void;

  protected abstract events(): AsyncGenerator<Event, void, undefined>;

  /** True from the first loop over it on. */
  protected isRead = false;

  [Symbol.asyncIterator](): AsyncGenerator<Event, void, undefined> {
    this.isRead = true;
    return leavable(this.events(), () => this.cancel());
  }

  // biome-ignore lint/suspicious/noThenProperty: being awaitable is the point
  then<A = Result, B = never>(
    fulfilled?: ((value: Result) => A | PromiseLike<A>) | null,
    rejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.result.then(fulfilled, rejected);
  }

  catch<B = never>(rejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<Result | B> {
    return this.result.catch(rejected);
  }

  finally(done?: (() => void) | null): Promise<Result> {
    return this.result.finally(done);
  }
}

/**
 * The same generator, but a reader who leaves it is heard at once: `left` is called first. A bare async generator answers
 * `return()` only after the `next()` before it, which may wait long for its event, and never tells a body that has not begun.
 */
export function leavable<Event>(
  events: AsyncGenerator<Event, void, undefined>,
  left: () => void,
): AsyncGenerator<Event, void, undefined> {
  return {
    next: () => events.next(),
    return: () => {
      left();
      return events.return();
    },
    throw: (reason) => {
      left();
      return events.throw(reason);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
    [Symbol.asyncDispose]: async () => {
      left();
      await events.return();
    },
  };
}
