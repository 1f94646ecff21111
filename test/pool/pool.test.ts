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

const promptOf = (seed: number, count: number) => ({ keys: pageKeys('', tokens(seed, count)), promptTokens: count });
const any = () => true;

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
  place.end(place.begin({ keys, promptTokens: 320 }, 0), 0, 1);
  expect(place.match(keys, 1)).toBe(320);
  const longer = [...prompt, ...tokens(2, 320)];
  const all = pageKeys('', longer);
  place.end(place.begin({ keys: all, promptTokens: 640 }, 1), 320, 2);
  const again = place.begin({ keys, promptTokens: 320 }, 2);
  place.end(again, 0, 3); // it had lost them, and what stood on them
  expect(place.match(keys, 3)).toBe(320);
  place.lost();
  expect(place.match(keys, 3)).toBe(0);
});

test('what is computed runs down as time goes by, and is over when its first token comes', () => {
  const place = new Place();
  const soon = (now: number) => place.outlook(promptOf(9, 10), now, 1, 1).firstTokenMs;
  const first = place.begin(promptOf(1, 1_000), 0);
  expect(soon(500)).toBe(1_010); // it was never measured: how far that is is not known
  place.answered(first, 1_000);
  const [second, third] = [place.begin(promptOf(2, 400), 1_000), place.begin(promptOf(3, 200), 1_100)];
  expect([soon(1_100), soon(1_300), soon(1_500)]).toEqual([510, 310, 210]); // it takes longer than it should
  expect([second.ahead, third.ahead]).toEqual([0, 300]);
  place.answered(second, 1_600);
  expect(soon(1_600)).toBeCloseTo((200 + 10) * (place.prefillMs ?? 0));
  place.end(third, null, 1_650); // it broke off
  expect([place.queued, place.busy]).toEqual([0, false]);
});

/** Two places, and a program that asks for a prompt and is answered at once. */
function twoPlaces() {
  const places = [new Place(), new Place()] as const;
  const pool = new Pool(places, drawn(1));
  const send = (program: number, prompt = promptOf(program, 640)) => {
    const { index } = pool.choose({ ...prompt, program }, any, 0) as { index: 0 | 1 };
    places[index].end(places[index].begin(prompt, 0), null, 0);
    return index;
  };
  return { places, pool, send };
}

test('a program stays where its prompt is cached, unless that place is later by a fifth and 50 ms; none usable is none', () => {
  const { places, pool, send } = twoPlaces();
  const home = send(7);
  const queue = places[home].begin(promptOf(99, 990), 0); // the other one is sooner by some 30 ms: it stays
  expect(send(7)).toBe(home);
  places[home].end(queue, null, 0);
  places[home].begin(promptOf(98, 4_000), 0);
  expect(send(7)).toBe(1 - home);
  expect(pool.choose({ keys: [], promptTokens: 1, program: 0 }, () => false, 0)).toBeUndefined();
});

test('a program whose next prompt is not cached where it was goes to the soonest, by however little', () => {
  const { places, send } = twoPlaces();
  const home = send(7);
  places[home].begin(promptOf(99, 20), 0);
  expect(send(7, promptOf(8, 640))).toBe(1 - home);
});

test('new programs go to where the fewest are at home that have not finished', () => {
  const { pool, send } = twoPlaces();
  const homes = [1, 2, 3, 4].map((program) => send(program));
  expect(homes.toSorted()).toEqual([0, 0, 1, 1]);
  for (const [at, home] of homes.entries()) if (home === 1) pool.finished(at + 1);
  expect([send(5), send(6)]).toEqual([1, 1]);
});

test('a place that was never measured is taken for as fast as the others, so that it is asked', () => {
  const places = [new Place(), new Place()];
  const [known, unknown] = places as [Place, Place];
  const pool = new Pool(places, drawn(1));
  const errand = known.begin(promptOf(1, 1_000), 0);
  known.answered(errand, 100); // a tenth of the time that is assumed of one that nothing is known of
  const choice = pool.choose({ ...promptOf(2, 1_000), program: 0 }, any, 100);
  expect(unknown.prefillMs).toBeUndefined();
  expect(choice?.index).toBe(1);
  expect(choice?.expectedMs).toBeCloseTo(100);
});
