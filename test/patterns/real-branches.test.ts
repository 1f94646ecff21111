import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Engine } from '../../src/engine/engine.js';
import { bestOf } from '../../src/patterns/best-of.js';
import { mapReduce } from '../../src/patterns/map-reduce.js';
import { treeSearch } from '../../src/patterns/tree-search.js';
import { openEngine, RAMBLING_MODEL } from '../../testing/engine/random-engine.js';

// What branches cost on a real engine, counted in tokens.

let engine: Engine;
beforeEach(async () => {
  engine = await openEngine(RAMBLING_MODEL);
});
afterEach(() => engine.close());

const SYSTEM = 'You are a helpful assistant. '.repeat(20);
const prefilled = async () => (await engine.stats()).prefillTokens;

test('the question of a best of eight is computed once and read seven times', async () => {
  const session = engine.session({ system: SYSTEM, maxTokens: 6 });
  const best = await bestOf(session, 'Which tree grows from its branches?', { n: 8, turn: { seed: 1 } });
  const [first] = best.candidates;
  const prompt = first?.answer.usage.promptTokens ?? 0;
  // Siblings that come in the same moment wait for the one that computes; each needs the last token's logits itself.
  expect(await prefilled()).toBeLessThanOrEqual(prompt + 7 * 32);
  expect(new Set(best.candidates.map(({ answer }) => answer.text)).size).toBeGreaterThan(1);
  expect(best.score).toBe(Math.max(...best.candidates.map(({ score }) => score)));
});

test('losers are cancelled: nothing runs any more, and their pages are free for others', async () => {
  const session = engine.session({ system: SYSTEM, maxTokens: 2_000 });
  let judged = 0;
  const best = await bestOf(session, 'Go on and on.', {
    n: 6,
    turn: { seed: 1 },
    score: () => ++judged,
    enough: 1,
    atOnce: 6,
  });
  expect(best.candidates.length + best.cancelled).toBe(6);
  const { running, waiting } = await engine.stats();
  expect([running, waiting]).toEqual([0, 0]);
});

test('a map over items and its reduce compute the instructions once', async () => {
  const session = engine.session({ system: SYSTEM, maxTokens: 4 });
  const items = ['alpha', 'beta', 'gamma', 'delta'];
  const { parts, answer } = await mapReduce(session, items, { map: (item) => item, reduce: (all) => `${all.length}` });
  const whole = [...parts, answer].reduce((sum, { usage }) => sum + usage.promptTokens, 0);
  const instructions = engine.tokenize(SYSTEM).length;
  expect(await prefilled()).toBeLessThanOrEqual(whole - 4 * (instructions - 32));
});

test('a tree of thoughts computes each thought once, whatever hangs below it', async () => {
  const session = engine.session({ system: SYSTEM, maxTokens: 8 });
  const found = await treeSearch(session, {
    propose: (_parent, child) => `Thought ${child}`,
    score: ({ answer }) => answer.tokens[0] ?? 0,
    turn: { seed: 1 },
    children: 2,
    depth: 3,
  });
  const said = found.path.at(-1)?.session.tokens.length ?? 0;
  const { prefillTokens } = await engine.stats();
  // Each thought: its own message, and at most a page that its siblings have begun otherwise.
  expect(prefillTokens).toBeLessThanOrEqual(engine.tokenize(SYSTEM).length + found.thoughts * (40 + 32));
  expect(said).toBeGreaterThan(0);
  await found.best.session.close();
});
