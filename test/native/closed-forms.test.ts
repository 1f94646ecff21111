import { expect, test } from 'vitest';
import { randomPrompt } from '../../testing/engine/prompts.js';
import { TestEngine } from '../../testing/engine/test-engine.js';

// Work that must come out exactly: what was computed once is never computed again.

test('5 steps of 200 + 300 tokens prefill 1,400, not 4,000', async () => {
  await using engine = await TestEngine.open({}, { kvTokens: 4096 });
  const context = [...randomPrompt('instructions', 200)];
  let prefilled = 0;
  for (let step = 0; step < 5; step++) {
    if (step > 0) context.push(...randomPrompt(`observation ${step}`, 300));
    const { usage } = await engine.run(context, { maxTokens: 1 });
    prefilled += (usage?.promptTokens ?? 0) - (usage?.cachedTokens ?? 0);
  }
  expect(prefilled).toBe(200 + 4 * 300);
  expect((await engine.stats()).prefillTokens).toBe(1400);
});

test('10 steps over a static prefix of 2,000 tokens prefill it once', async () => {
  await using engine = await TestEngine.open({}, { kvTokens: 4096 });
  const prefix = randomPrompt('static', 2000);
  for (let step = 0; step < 10; step++) {
    const tail = [step, ...randomPrompt(`tail ${step}`, 29)]; // tails differ at once, or chance matches would count
    const { usage } = await engine.run([...prefix, ...tail], { maxTokens: 1 });
    expect(usage?.cachedTokens).toBe(step === 0 ? 0 : 2000);
  }
  expect((await engine.stats()).prefillTokens).toBe(2000 + 10 * 30);
});

test.each([2, 8, 16])('%i siblings at once prefill their shared prompt once', async (k) => {
  await using engine = await TestEngine.open({}, { kvTokens: 4096, maxRunning: 16 });
  const shared = randomPrompt('siblings', 500);
  await Promise.all(Array.from({ length: k }, (_, i) => engine.run([...shared, 450 - i], { maxTokens: 4 })));
  const { prefillTokens } = await engine.stats();
  expect(prefillTokens).toBe(500 + k);
});

test.each([2, 5, 9])('a fork of %i ways at an unaligned place copies at most n - 1 pages', async (n) => {
  await using engine = await TestEngine.open({}, { kvTokens: 4096, maxRunning: 16 });
  const trunk = randomPrompt('trunk', 16 * 20 + 7);
  await engine.run(trunk, { maxTokens: 1 });
  const before = await engine.stats();
  await Promise.all(Array.from({ length: n }, (_, i) => engine.run([...trunk, 100 + i, 5, 6], { maxTokens: 8 })));
  const after = await engine.stats();
  expect(after.prefillTokens - before.prefillTokens).toBe(3 * n);
  expect(after.pagesCopied - before.pagesCopied).toBeLessThanOrEqual(n - 1);
  await engine.verifyIdle();
});

test('1,000 parked sessions live on while 8 sequences run', async () => {
  await using engine = await TestEngine.open(
    { layers: 1, embedding: 64, heads: 2, kvHeads: 1, feedForward: 64 },
    { kvTokens: 48 * 1000 + 4096, maxRunning: 8 },
  );
  const session = (i: number) => [...randomPrompt('all share', 32), ...randomPrompt(`session ${i}`, 40)];
  await Promise.all(Array.from({ length: 1000 }, (_, i) => engine.run(session(i), { maxTokens: 1 })));
  const parked = await engine.stats();
  expect(parked.running).toBe(0);
  const returns = await Promise.all(
    Array.from({ length: 1000 }, (_, i) => engine.run([...session(i), 7, 8, 9], { maxTokens: 2 })),
  );
  expect((await engine.stats()).prefillTokens - parked.prefillTokens).toBe(3 * 1000);
  for (const { usage } of returns) expect(usage?.cachedTokens).toBe(72);
  await engine.verifyIdle();
});

test('a full hit still computes one token, the one whose logits are needed', async () => {
  await using engine = await TestEngine.open();
  const prompt = randomPrompt('again', 100);
  const first = await engine.run(prompt);
  const again = await engine.run(prompt);
  expect(again.usage).toMatchObject({ promptTokens: 100, cachedTokens: 99, miss: { reason: 'full-hit' } });
  expect(again.tokens).toEqual(first.tokens);
});

test('an answer is part of the prefix: the next turn computes only what is new', async () => {
  await using engine = await TestEngine.open();
  const prompt = randomPrompt('turn', 70);
  const { tokens } = await engine.run(prompt, { maxTokens: 50 });
  const { usage } = await engine.run([...prompt, ...tokens, 1, 2, 3], { maxTokens: 1 });
  expect(usage).toMatchObject({ promptTokens: 123, cachedTokens: 119 }); // the last answer token was never computed
});

test('another salt never sees the pages', async () => {
  await using engine = await TestEngine.open();
  const prompt = randomPrompt('secret', 100);
  await engine.run(prompt, { salt: 'a' });
  expect((await engine.run(prompt, { salt: 'b' })).usage).toMatchObject({ promptTokens: 100, cachedTokens: 0 });
  expect((await engine.run(prompt, { salt: 'a' })).usage?.cachedTokens).toBe(99);
  const miss = await engine.native.explain('b2', Int32Array.from(prompt));
  expect(miss).toMatchObject({ matched: 0, expected: -1, reason: 'cold' });
});

test('a miss is explained by the first token that differs', async () => {
  await using engine = await TestEngine.open();
  const prompt = randomPrompt('explained', 100);
  await engine.run(prompt, { maxTokens: 1 });
  const other = [...prompt];
  other[60] = (prompt[60] as number) === 3 ? 4 : 3;
  expect((await engine.run(other, { maxTokens: 1 })).usage?.miss).toMatchObject({
    matched: 60,
    promptTokens: 100,
    expected: prompt[60],
    actual: other[60],
    reason: 'diverged',
  });
});

test('recurrent and hybrid models go on from the end of an answer, and from where an equal prompt was split', async () => {
  for (const architecture of ['mamba', 'lfm2', 'qwen35', 'granitehybrid'] as const) {
    await using engine = await TestEngine.open({ architecture });
    expect(engine.native.info).toMatchObject({ noReuseReason: '', states: expect.any(Number) });
    expect(engine.native.info.stateBytes).toBeGreaterThan(0);
    const prompt = randomPrompt('recurrent', 50);
    const first = await engine.run(prompt, { maxTokens: 8 });
    const next = [...prompt, ...first.tokens, ...randomPrompt('turn', 30)];
    expect((await engine.run(next, { maxTokens: 1 })).usage?.cachedTokens).toBe(57);
    const again = [];
    for (let i = 0; i < 3; i++) again.push((await engine.run(prompt, { maxTokens: 8 })).usage?.cachedTokens);
    expect(again.at(-1)).toBe(49);
    await engine.verifyIdle();
  }
});

test('one call into JavaScript a step, whatever the batch', async () => {
  await using engine = await TestEngine.open({}, { kvTokens: 4096, maxRunning: 32 });
  await Promise.all(Array.from({ length: 32 }, (_, i) => engine.run(randomPrompt(i, 20), { maxTokens: 64 })));
  const stats = await engine.stats();
  expect(stats.callbacks).toBe(engine.buffers);
  expect(stats.callbacks).toBeLessThanOrEqual(stats.steps + 1);
  expect(stats.decodeTokens).toBeGreaterThanOrEqual(32 * 63);
  expect(stats.steps).toBeLessThan(32 * 64);
});
