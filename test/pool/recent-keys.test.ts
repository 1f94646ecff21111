import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RecentKeys } from '../../src/pool/recent-keys.js';

// Against a Map whose entries are put at its end at each use.

const KEY = fc.oneof(fc.integer({ min: -8, max: 8 }), fc.integer());
const STEP = fc.oneof(
  { weight: 12, arbitrary: fc.record({ what: fc.constant('use' as const), key: KEY }) },
  { weight: 3, arbitrary: fc.record({ what: fc.constant('delete' as const), key: KEY }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('clear' as const), key: KEY }) },
);

test('it keeps the latest keys with their times, whatever is used and deleted', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), fc.array(STEP, { maxLength: 200 }), (most, steps) => {
      const [keys, model] = [new RecentKeys(most), new Map<number, number>()];
      for (const [now, { what, key }] of steps.entries()) {
        if (what === 'use') {
          keys.use(key, now);
          model.delete(key);
          model.set(key, now);
          for (const oldest of model.keys()) {
            if (model.size <= most) break;
            model.delete(oldest);
          }
        } else if (what === 'delete') {
          keys.delete(key);
          model.delete(key);
        } else {
          keys.clear();
          model.clear();
        }
        expect(keys.size).toBe(model.size);
        expect(keys.usedAt(key)).toBe(model.get(key));
      }
      for (const { key } of steps) expect(keys.usedAt(key)).toBe(model.get(key));
    }),
    { numRuns: 300, seed: 20 },
  );
});

test('it grows past its first slots, and is full at its most', () => {
  const keys = new RecentKeys(10_000);
  for (let key = 0; key < 25_000; key++) keys.use(key * 7_919, key);
  expect(keys.size).toBe(10_000);
  const there = Array.from({ length: 25_000 }, (_, key) => keys.usedAt(key * 7_919));
  expect(there.filter((used, key) => used !== (key < 15_000 ? undefined : key))).toEqual([]);
});
