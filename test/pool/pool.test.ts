import { expect, test } from 'vitest';
import { Ledger } from '../../src/pool/ledger.js';
import { PAGE_TOKENS, pageKeys } from '../../src/pool/page-keys.js';
import { type Errand, Place } from '../../src/pool/place.js';
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

test('a program stays where it was, unless that place is later by a fifth and 200 ms; none usable is none', () => {
  const places = [new Place(), new Place()];
  const pool = new Pool(places, drawn(1));
  const ask = (program: number, count = 64) =>
    pool.choose({ tenant: '', prompt: tokens(program, count), program }, () => true, 0);
  const home = ask(7)?.index ?? -1;
  places[home]?.begin(pageKeys('', tokens(99, 128)), 128, 0); // 128 ms of queue: it stays
  expect(ask(7)?.index).toBe(home);
  places[home]?.begin(pageKeys('', tokens(98, 4_000)), 4_000, 0);
  expect(ask(7)?.index).toBe(1 - home);
  expect(pool.choose({ tenant: '', prompt: [1], program: 0 }, () => false, 0)).toBeUndefined();
});

// Sixteen engines on a virtual clock: each computes prompts one after another, a token a millisecond, and keeps the pages of
// the latest 40,000 tokens. 48 agents of 8 groups, each group with a system prompt of its own of 1,024 tokens, 10 calls each.

interface Call {
  agent: number;
  turn: number;
  at: number;
}

const ENGINES = 16;
const TOKENS_KEPT = 40_000;

/** As engines do it: pages by last use, the least recent go first. */
class SimulatedEngine {
  readonly #cache = new Ledger(TOKENS_KEPT / PAGE_TOKENS, Number.POSITIVE_INFINITY);
  free = 0;
  computed = 0;
  requests = 0;

  serve(keys: readonly number[], count: number, now: number): { first: number; cached: number } {
    const cached = Math.min(this.#cache.match(keys, now), count - 1);
    this.#cache.add(keys, now);
    this.free = Math.max(this.free, now) + count - cached;
    this.computed += count - cached;
    this.requests++;
    return { first: this.free, cached };
  }
}

interface Outcome {
  meanTtft: number;
  hitShare: number;
  makespan: number;
  /** Most requests of an engine by the mean. */
  spread: number;
}

function simulate(groups: number, choose: 'pool' | 'round robin'): Outcome {
  const places = Array.from({ length: ENGINES }, () => new Place());
  const engines = Array.from({ length: ENGINES }, () => new SimulatedEngine());
  const pool = new Pool(places, drawn(3));
  const random = drawn(11);
  const due: Call[] = Array.from({ length: 48 }, (_, agent) => ({ agent, turn: 0, at: random() * 2_000 }));
  const landing: { at: number; land: () => void }[] = [];
  let [asked, hits, waited, count, makespan, next] = [0, 0, 0, 0, 0, 0];
  for (;;) {
    due.sort((one, other) => one.at - other.at);
    landing.sort((one, other) => one.at - other.at);
    const call = due[0];
    if (landing[0] && (!call || landing[0].at <= call.at)) {
      landing.shift()?.land();
      continue;
    }
    if (!call) break;
    due.shift();
    const { agent, turn, at } = call;
    const prompt = [...tokens(1_000 + (agent % groups), 1_024), ...tokens(agent, 64 + 96 * turn)];
    const keys = pageKeys('', prompt);
    const chosen = pool.choose({ tenant: '', prompt, program: agent + 1 }, () => true, at)?.index ?? 0;
    const index = choose === 'pool' ? chosen : next++ % ENGINES;
    const [place, engine] = [places[index] as Place, engines[index] as SimulatedEngine];
    const errand: Errand = place.begin(keys, prompt.length, at);
    const { first, cached } = engine.serve(keys, prompt.length, at);
    const end = first + 150; // its answer
    landing.push({ at: first, land: () => place.answered(errand, first) });
    landing.push({ at: end, land: () => place.end(errand, cached) });
    if (turn < 9) due.push({ agent, turn: turn + 1, at: end + 100 + random() * 400 }); // its tools
    asked += prompt.length;
    hits += cached;
    waited += first - at;
    count++;
    makespan = Math.max(makespan, end);
  }
  const most = Math.max(...engines.map(({ requests }) => requests));
  return { meanTtft: waited / count, hitShare: hits / asked, makespan, spread: most / (count / ENGINES) };
}

test.each([1, 8, 48])('16 engines, %i system prompts: sooner than by turns, and by more hits', (groups) => {
  const [pool, turns] = [simulate(groups, 'pool'), simulate(groups, 'round robin')];
  expect(pool.meanTtft).toBeLessThanOrEqual(turns.meanTtft);
  expect(pool.hitShare).toBeGreaterThan(turns.hitShare);
  expect(pool.makespan).toBeLessThanOrEqual(turns.makespan);
});

test('a shared system prompt does not gather all requests at one engine', () => {
  expect(simulate(1, 'pool').spread).toBeLessThanOrEqual(1.5);
});

test('the same requests are sent the same way', () => {
  expect(simulate(8, 'pool')).toEqual(simulate(8, 'pool'));
});
