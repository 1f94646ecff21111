import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { WriteRounds } from '../../src/server/http/write-rounds.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A stream whose write takes so many milliseconds; when it was written. As SseWriter it is in the list once. */
function stream(takesMs = 0) {
  const times: number[] = [];
  const start = performance.now();
  let waits = false;
  const write = () => {
    waits = false;
    times.push(performance.now() - start);
    if (takesMs > 0) vi.advanceTimersByTime(takesMs);
  };
  const grow = (rounds: WriteRounds) => {
    if (!waits) rounds.later({ write });
    waits = true;
  };
  return { times, write, grow };
}

const tick = () => new Promise<void>((resolve) => process.nextTick(resolve));
const after = async (ms: number) => {
  vi.advanceTimersByTime(ms);
  await tick();
};

test('tokens that come more slowly than rounds leave at once, quicker ones together', async () => {
  const rounds = new WriteRounds(10);
  const one = stream();
  for (const ms of [0, 12, 3, 3, 3, 3, 30]) {
    await after(ms);
    one.grow(rounds);
    await tick();
  }
  // At 15 to 21 it waits for the round at 22, at 24 for that at 32; at 54 the last round is long ago.
  expect(one.times).toEqual([0, 12, 22, 32, 54]);
});

test('a round writes each that has grown since the last one', async () => {
  const rounds = new WriteRounds(10);
  const [first, second] = [stream(), stream()];
  first.grow(rounds);
  await tick();
  second.grow(rounds);
  first.grow(rounds);
  await after(10);
  expect([first.times, second.times]).toEqual([[0, 10], [10]]);
});

test('what does not wait leaves in the same tick, whenever the next round is', async () => {
  const rounds = new WriteRounds(1_000);
  const [grows, ends] = [stream(), stream()];
  grows.grow(rounds);
  await tick();
  grows.grow(rounds);
  rounds.soon(ends);
  await tick();
  expect([grows.times, ends.times]).toEqual([[0], [0]]);
});

test.each([
  [3, 60],
  [1, 20],
  [9, 180],
  [30, 200],
])('a round that takes %f ms is followed by the next one after %f', async (takes, between) => {
  const rounds = new WriteRounds(10);
  const one = stream(takes);
  one.grow(rounds);
  await tick();
  one.grow(rounds);
  await after(300);
  expect((one.times[1] as number) - (one.times[0] as number)).toBeCloseTo(between, 5);
});

test('without gathering each step is written when it has been told', async () => {
  const rounds = new WriteRounds(0);
  const one = stream(5);
  for (const _ of [1, 2]) {
    one.grow(rounds);
    await tick();
  }
  expect(one.times).toEqual([0, 5]);
});
