import { expect, test } from 'vitest';
import { Engine } from '../../src/engine/engine.js';
import { RAMBLING_MODEL, tokens } from '../../testing/engine/random-engine.js';
import { randomModel } from '../../testing/models/random-model.js';
import { errorOf } from '../support/expect-code.js';

/** A millisecond a prompt token, as far as the engine believes: predictions do not depend on the machine. */
const policy = { cost: { step: 1e6, prefill: 1e9, decode: 1e6 }, refit: false };
const load = () => Engine.load({ model: randomModel(RAMBLING_MODEL), threads: 1, kvTokens: 8192, policy });

test('a request that would wait too long is refused, and told when to come again', async () => {
  await using engine = await load();
  const busy = [1, 2, 3].map((n) => engine.generate(tokens(1_500, n), { maxTokens: 4, class: 'workflow' }));
  const error = await errorOf(() =>
    engine.generate(tokens(200, 9), { maxTokens: 4, ttftLimitMs: 150, class: 'workflow' }),
  );
  expect(error.code).toBe('BACKPRESSURE');
  expect(error.retryAfter).toBeGreaterThan(0);
  for (const { finishReason } of await Promise.all(busy)) expect(finishReason).toBe('length');
  expect((await engine.stats()).rules.refuse).toBe(1);
});

test('the same request without a limit, and a short one within it, are taken', async () => {
  await using engine = await load();
  expect((await engine.generate(tokens(200, 9), { maxTokens: 4 })).finishReason).toBe('length');
  expect((await engine.generate(tokens(50, 8), { maxTokens: 4, ttftLimitMs: 5_000 })).finishReason).toBe('length');
});

test('a refused turn leaves its session as it was', async () => {
  await using engine = await load();
  const session = engine.session({ temperature: 0, maxTokens: 4 });
  await session.generate('one');
  const { messages, tokens: before } = session;
  await errorOf(() => session.generate('two '.repeat(100), { ttftLimitMs: 1 }));
  expect(session.messages).toEqual(messages);
  expect(session.tokens).toEqual(before);
  expect((await session.generate('three')).finishReason).toBe('length');
});
