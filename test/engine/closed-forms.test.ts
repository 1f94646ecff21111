import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Engine } from '../../src/engine/engine.js';
import { openEngine, RAMBLING_MODEL, tokens } from '../../testing/engine/random-engine.js';

// What agents must cost, exactly: tokens prefilled, on a real model. More of them at the binding: test/native.

let engine: Engine;
beforeEach(async () => {
  engine = await openEngine(RAMBLING_MODEL);
});
afterEach(() => engine.close());

const prefilled = async () => (await engine.stats()).prefillTokens;

test('five steps of 200 and then 300 tokens each prefill 1,400, not 4,000', async () => {
  const conversation = tokens(1_400, 1);
  for (let length = 200; length <= 1_400; length += 300) {
    await engine.generate(conversation.slice(0, length), { maxTokens: 1 });
  }
  expect(await prefilled()).toBe(1_400);
});

test('a session prefills what is new: the delta, never its past', async () => {
  const session = engine.session({ system: 'You are a helpful assistant.', maxTokens: 10 });
  for (const question of ['one', 'two two', 'three three three']) {
    const before = session.tokens.length;
    const { usage } = await session.generate(question);
    // The last token of a cut answer was sampled, never computed.
    expect(usage.cachedTokens).toBe(Math.max(0, before - 1));
  }
  const { length } = session.tokens;
  const stats = await engine.stats();
  expect(stats.prefillTokens + stats.decodeTokens).toBe(length - 1);
});

test('forks of a session share its pages', async () => {
  const trunk = engine.session({ system: 'You are a helpful assistant. '.repeat(20), maxTokens: 8 });
  await trunk.generate('Begin.');
  const before = await engine.stats();
  const branches = [1, 2, 3, 4].map((n) => trunk.fork().generate(`Branch ${n}`));
  const results = await Promise.all(branches);
  for (const { usage } of results) expect(usage.cachedTokens).toBeGreaterThanOrEqual(trunk.tokens.length - 1);
  const after = await engine.stats();
  expect(after.pagesCopied - before.pagesCopied).toBeLessThanOrEqual(4);
  expect(after.pagesUsed - before.pagesUsed).toBeLessThanOrEqual(4 * 2);
});

test('without the cache everything is computed again: the baseline is what it says', async () => {
  const naive = await openEngine(RAMBLING_MODEL, { prefixCache: false, batching: false });
  const conversation = tokens(800, 1);
  for (const length of [200, 500, 800]) await naive.generate(conversation.slice(0, length), { maxTokens: 1 });
  expect((await naive.stats()).prefillTokens).toBe(1_500);
  await naive.close();
});
