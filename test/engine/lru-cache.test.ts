import { expect, test } from 'vitest';
import { LruCache } from '../../src/kit/lru-cache.js';

test('the values asked for last are kept, the others are made again', () => {
  const made: string[] = [];
  const cache = new LruCache<string>(2);
  const get = (key: string) =>
    cache.get(key, () => {
      made.push(key);
      return key.toUpperCase();
    });
  for (const key of ['a', 'b', 'a', 'c', 'a', 'b']) expect(get(key)).toBe(key.toUpperCase());
  expect(made).toEqual(['a', 'b', 'c', 'b']); // c took the place of b, which a had outlived
});

test('undefined is a value; what throws is not kept', () => {
  const cache = new LruCache<undefined>(2);
  let made = 0;
  const make = () => {
    if (++made === 1) throw new Error('not yet');
    return undefined;
  };
  expect(() => cache.get('a', make)).toThrow('not yet');
  cache.get('a', make);
  cache.get('a', make);
  expect(made).toBe(2);
});
