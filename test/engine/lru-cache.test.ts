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

test('keys have no more than so many characters together; one that is too long alone is not kept', () => {
  const made: string[] = [];
  const cache = new LruCache<number>(10, 6);
  const get = (key: string) =>
    cache.get(key, () => {
      made.push(key);
      return key.length;
    });
  for (const key of ['aaa', 'bbb', 'aaa', 'cc', 'aaa', 'bbb']) expect(get(key)).toBe(key.length);
  expect(made).toEqual(['aaa', 'bbb', 'cc', 'bbb']);
  for (const key of ['too long', 'too long']) expect(get(key)).toBe(8);
  expect(made.slice(4)).toEqual(['too long', 'too long']);
  cache.delete('none');
  for (const key of ['aaa', 'bbb', 'aaa', 'bbb']) get(key);
  expect(made.slice(6)).toEqual(['aaa', 'bbb']);
});
