/**
 * The same generator, but whoever leaves it is heard at once: `left` is called first. A bare async generator answers
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
