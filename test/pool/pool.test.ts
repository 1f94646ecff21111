import { expect, test } from 'vitest';
import { Ledger } from '../../src/pool/ledger.js';
import { PAGE_TOKENS, pageKeys } from '../../src/pool/page-keys.js';
import { Place } from '../../src/pool/place.js';
import { Pool } from '../../src/pool/pool.js';

/** Numbers in [0, 1), the same ones each time. */
function drawn(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const tokens = (seed: number, count: number) => {
  const random = drawn(seed);
  return Array.from({ length: count }, () => Math.floor(random() * 50_000));
};

test('keys stand for all tokens before them, and for the tenant', () => {
  const prompt = tokens(1, 100);
  const keys = pageKeys('', prompt);
  expect(keys).toHaveLength(3);
  expect(pageKeys('', [...prompt.slice(0, 64), 9, ...prompt.slice(65)]).map((key, at) => key === keys[at])).toEqual([
    true,
    true,
    false,
  ]);
  expect(pageKeys('acme', prompt).some((key) => keys.includes(key))).toBe(false);
  expect(new Set(Array.from({ length: 2_000 }, (_, at) => pageKeys('', tokens(at, 32))[0])).size).toBe(2_000);
});

test('a ledger is bounded, forgets what is old and what it is told, the first pages last', () => {
  const ledger = new Ledger(4, 1_000);
  const keys = pageKeys('', tokens(1, 3 * PAGE_TOKENS));
  ledger.add(keys, 0);
  expect([ledger.match(keys, 1_000), ledger.match(keys, 1_001)]).toEqual([96, 0]);
  ledger.add(pageKeys('', tokens(2, 2 * PAGE_TOKENS)), 10);
  expect([ledger.size, ledger.match(keys, 20)]).toEqual([4, 64]);
  ledger.forget(keys, 40);
  expect(ledger.match(keys, 20)).toBe(32);
});

test('what a place reports corrects what is believed of it', () => {
  const place = new Place();
  const prompt = tokens(1, 320);
  const keys = pageKeys('', prompt);
  place.end(place.begin(keys, 320, 0), 0);
  expect(place.match(keys, 1)).toBe(320);
  const longer = [...prompt, ...tokens(2, 320)];
  const all = pageKeys('', longer);
  place.end(place.begin(all, 640, 1), 320);
  const again = place.begin(keys, 320, 2);
  place.end(again, 0); // it had lost them, and what stood on them
  expect(place.match(keys, 3)).toBe(320);
  place.lost();
  expect(place.match(keys, 3)).toBe(0);
});

test('a program stays where it was, unless that place is later by a fifth and 50 ms; none usable is none', () => {
  const places = [new Place(), new Place()];
  const pool = new Pool(places, drawn(1));
  const ask = (program: number, count = 64) =>
    pool.choose({ keys: pageKeys('', tokens(program, count)), promptTokens: count, program }, () => true, 0);
  const home = ask(7)?.index ?? -1;
  places[home]?.begin(pageKeys('', tokens(99, 40)), 40, 0); // 40 ms of queue: it stays
  expect(ask(7)?.index).toBe(home);
  places[home]?.begin(pageKeys('', tokens(98, 4_000)), 4_000, 0);
  expect(ask(7)?.index).toBe(1 - home);
  expect(pool.choose({ keys: [], promptTokens: 1, program: 0 }, () => false, 0)).toBeUndefined();
});

test('a place that was never measured is taken for as fast as the others, so that it is asked', () => {
  const places = [new Place(), new Place()];
  const [known, unknown] = places as [Place, Place];
  const pool = new Pool(places, drawn(1));
  const errand = known.begin(pageKeys('', tokens(1, 1_000)), 1_000, 0);
  known.answered(errand, 100); // a tenth of the time that is assumed of one that nothing is known of
  const choice = pool.choose(
    { keys: pageKeys('', tokens(2, 1_000)), promptTokens: 1_000, program: 0 },
    () => true,
    100,
  );
  expect(unknown.prefillMs).toBeUndefined();
  expect(choice?.index).toBe(1);
  expect(choice?.expectedMs).toBeCloseTo(100);
});
