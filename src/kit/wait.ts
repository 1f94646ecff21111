import { setTimeout as sleep } from 'node:timers/promises';

/**
 * A wait of `ms` milliseconds by `performance.now()`; an abort of `signal` ends it early. It never rejects.
 *
 * A timer of Node alone may end up to a millisecond too soon: it counts from when the event loop last looked at its clock.
 */
export async function waitAtLeast(ms: number, signal?: AbortSignal): Promise<void> {
  const until = performance.now() + ms;
  for (let left = ms; left > 0 && !signal?.aborted; left = until - performance.now()) {
    await sleep(Math.ceil(left), undefined, signal && { signal }).catch(() => {});
  }
}
