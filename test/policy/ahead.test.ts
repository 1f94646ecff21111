import { afterAll, beforeAll, expect, test } from 'vitest';
import type { NativeHint } from '../../src/native/binding.js';
import type { NativePolicy } from '../../src/native/policy.js';
import { randomPrompt } from '../../testing/engine/prompts.js';
import { TestEngine } from '../../testing/engine/test-engine.js';

// The portable kernel: tokens are the same to the last one, however a prompt is cut into steps.
let attention: string | undefined;
beforeAll(() => {
  attention = process.env.BANYAN_ATTENTION;
  process.env.BANYAN_ATTENTION = 'portable';
});
afterAll(() => {
  if (attention === undefined) delete process.env.BANYAN_ATTENTION;
  else process.env.BANYAN_ATTENTION = attention;
});

const nextPrefix = (tokens: number[]): NativeHint => ({
  ...{ kind: 'next-prefix', tool: '', expectedMs: 0, salt: '', steps: 1, from: 0 },
  tokens: Int32Array.from(tokens),
});

/** An agent whose next prompt is known, all but a question, while its tool runs and no other request is there. */
async function answer(policy: NativePolicy) {
  await using engine = await TestEngine.open({}, { policy });
  const history = randomPrompt('history', 200);
  const first = await engine.run(history, { program: 1 });
  const known = [...history, ...first.tokens, ...randomPrompt('result', 500)];
  engine.native.hint(1, nextPrefix(known));
  if (policy.computeAhead) await engine.until(({ prefillTokens }) => prefillTokens >= known.length - 8);
  else await engine.stats();
  const { tokens, usage } = await engine.run([...known, ...randomPrompt('question', 12)], { program: 1 });
  await engine.verifyIdle();
  return { tokens, toPrefill: (usage?.promptTokens ?? 0) - (usage?.cachedTokens ?? 0) };
}

test('a call whose prompt was known prefills only what was not, and says the same', async () => {
  const ahead = await answer({ computeAhead: true });
  const onArrival = await answer({ computeAhead: false });
  expect(ahead.toPrefill).toBe(12);
  expect(onArrival.toPrefill).toBeGreaterThan(500);
  expect(ahead.tokens).toEqual(onArrival.tokens);
}, 120_000);

test('a request that comes meanwhile goes first, and what is known is computed when it has gone', async () => {
  await using engine = await TestEngine.open();
  engine.native.setDecisions(true);
  await engine.run(randomPrompt('a', 40), { program: 1 });
  const known = [...randomPrompt('a', 40), ...randomPrompt('b', 1500)];
  engine.native.hint(1, nextPrefix(known));
  await engine.until(({ rules }) => (rules.ahead ?? 0) > 0);
  const { usage } = await engine.run(randomPrompt('c', 30), { class: 'interactive' });
  expect(usage?.computedTokens).toBe(30 + 7);
  await engine.until(({ prefillTokens }) => prefillTokens >= known.length + 30);
  const kinds = engine.decisions.map(({ kind, request }) => (kind === 'ahead' || request > 1 ? kind : ''));
  const [arrived, finished] = [kinds.indexOf('arrive'), kinds.indexOf('finish')];
  expect(kinds.slice(arrived, finished)).not.toContain('ahead');
  expect(kinds.slice(finished)).toContain('ahead');
  await engine.verifyIdle();
}, 120_000);

test('an engine that computes ahead closes at once', async () => {
  const engine = await TestEngine.open();
  await engine.run(randomPrompt('a', 40), { program: 1 });
  engine.native.hint(1, nextPrefix(randomPrompt('b', 4000)));
  await engine.until(({ rules }) => (rules.ahead ?? 0) > 0);
  await engine.close();
  expect(() => engine.native.hint(1, nextPrefix([1]))).toThrow(expect.objectContaining({ code: 'CLOSED' }));
});
