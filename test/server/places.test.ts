import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HttpError } from '../../src/server/http/http-error.js';
import { Places } from '../../src/server/http/places.js';
import { deferred } from '../../testing/engine/deferred.js';
import { median } from '../../testing/statistics.js';

/** When a client that finds no place is told to come back. */
function refusal(places: Places): number {
  try {
    places.check(1);
  } catch (reason) {
    if (reason instanceof HttpError) return reason.failure.retryAfterMs ?? Number.NaN;
  }
  return Number.NaN;
}

test('twice the load that is served: a place comes free when it was told, within 30%', async () => {
  // Eight answers at once, half a second to one and a half each, on a clock of ours. Sixteen a second are asked for; who is sent
  // away comes back when told.
  let now = 0;
  const places = new Places(8, () => now);
  const draw = fixedDraws();
  const ends = new Map<number, (() => void)[]>();
  const asks = new Map<number, number>();
  const free: number[] = []; // when a place came free
  const told: { at: number; wait: number; nth: number }[] = [];
  let promised = 0;
  for (let at = 0; at < 40_000; at += 62) asks.set(at, 1);
  for (; now < 40_000; now++) {
    for (const end of ends.get(now) ?? []) {
      end();
      await Promise.resolve();
      promised = Math.max(0, promised - 1);
      free.push(now);
    }
    for (let left = asks.get(now) ?? 0; left > 0; left--) {
      const wait = refusal(places);
      if (Number.isNaN(wait)) {
        const { promise, resolve } = deferred<void>();
        places.hold(promise);
        const at = now + 500 + Math.floor(1_000 * draw());
        ends.set(at, [...(ends.get(at) ?? []), () => resolve()]);
      } else {
        told.push({ at: now, wait, nth: free.length + ++promised });
        const back = now + Math.ceil(wait);
        asks.set(back, (asks.get(back) ?? 0) + 1);
      }
    }
  }
  expect(free.length).toBeGreaterThan(300); // all places were always in use
  const known = told.filter(({ at, nth }) => at > 2_000 && nth <= free.length);
  const errors = known.map(({ at, wait, nth }) => wait / ((free[nth - 1] as number) - at));
  expect(errors.length).toBeGreaterThan(100);
  expect(median(errors)).toBeGreaterThan(0.7);
  expect(median(errors)).toBeLessThan(1.3);
});

/** Numbers from 0 to 1, the same in each run. */
function fixedDraws(): () => number {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

test('places are taken until an answer ends, however it ends', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 5 }),
      fc.array(fc.boolean(), { maxLength: 20 }),
      async (most, starts) => {
        const places = new Places(most);
        const open: ReturnType<typeof deferred<void>>[] = [];
        for (const [index, isStart] of starts.entries()) {
          if (isStart && !Number.isNaN(refusal(places))) expect(open.length).toBe(most);
          else if (isStart) {
            const answer = deferred<void>();
            places.hold(answer.promise);
            open.push(answer);
          } else {
            const answer = open.shift();
            if (index % 2 === 0) answer?.resolve();
            else answer?.reject(new Error('it failed'));
            await new Promise((resolve) => setImmediate(resolve));
          }
          expect(places.taken).toBe(open.length);
        }
      },
    ),
    { numRuns: 100 },
  );
});
