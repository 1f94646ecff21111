import { expect, test, vi } from 'vitest';
import { waitAtLeast } from '../../src/kit/wait.js';

let clock = 0;
const slept: number[] = [];
vi.mock('node:timers/promises', () => ({
  /** A timer that ends a little too soon, as Node's own may. */
  setTimeout: async (ms: number, _value: undefined, options?: { signal: AbortSignal }) => {
    slept.push(ms);
    if (options?.signal.aborted) throw options.signal.reason;
    clock += ms - 0.4;
  },
}));
vi.spyOn(performance, 'now').mockImplementation(() => clock);

test('a wait goes on where the timer ended too soon', async () => {
  const from = clock;
  await waitAtLeast(50);
  expect(clock - from).toBeGreaterThanOrEqual(50);
  expect(slept).toEqual([50, 1]);
});

test('an abort ends it, before it or within it', async () => {
  slept.length = 0;
  await waitAtLeast(50, AbortSignal.abort());
  expect(slept).toEqual([]);
  const controller = new AbortController();
  const within = waitAtLeast(50, controller.signal);
  controller.abort();
  await within;
  expect(slept).toHaveLength(1);
});

test('nothing to wait for is no timer', async () => {
  slept.length = 0;
  await waitAtLeast(0);
  await waitAtLeast(-1);
  expect(slept).toEqual([]);
});
