import { expect, test } from 'vitest';
import { Engine } from '../../src/engine/engine.js';
import { randomPrompt } from '../../testing/engine/prompts.js';
import { TestEngine } from '../../testing/engine/test-engine.js';
import { randomModel } from '../../testing/models/random-model.js';

test('every decision is told once, in the order of time, and counted', async () => {
  await using engine = await TestEngine.open();
  engine.native.setDecisions(true);
  await Promise.all([1, 2, 3].map((i) => engine.run(randomPrompt(i, 60), { program: i })));
  const stats = await engine.stats();
  const { decisions } = engine;
  const count = (kind: string) => decisions.filter((decision) => decision.kind === kind).length;
  for (const kind of ['arrive', 'admit', 'finish']) expect(count(kind)).toBe(3);
  for (const [kind, times] of Object.entries(stats.rules)) expect([kind, count(kind)]).toEqual([kind, times]);
  expect(count('plan')).toBe(stats.steps);
  expect(new Set(decisions.flatMap(({ program }) => program || []))).toEqual(new Set([1, 2, 3]));
  const times = decisions.map(({ at }) => at);
  expect(times).toEqual([...times].sort((a, b) => a - b));
  for (const decision of decisions) {
    if (decision.kind === 'arrive') {
      const { promptTokens, request, program } = decision;
      const sentence = `request ${request} of program ${program}: arrives with ${promptTokens} prompt tokens`;
      expect(decision.text).toBe(`${sentence}, class ${decision.class}`);
    }
    if (decision.kind === 'retain') {
      const { program, keepMs, samples } = decision;
      const why = `only ${samples} calls of an unnamed tool were timed`;
      expect(decision.text).toBe(`program ${program}: pages kept ${(keepMs / 1000).toFixed(1)} s because ${why}`);
    }
    expect(decision.text).toMatch(/[a-z]{2,} [a-z0-9]/);
  }
});

test('decisions add no call into JavaScript: one a step stays the rule', async () => {
  await using engine = await TestEngine.open();
  engine.native.setDecisions(true);
  await Promise.all([1, 2, 3, 4].map((i) => engine.run(randomPrompt(i, 30), { maxTokens: 40 })));
  const { steps, callbacks } = await engine.stats();
  // A command between two steps may decide something too: one call for the four submits at most.
  expect(callbacks).toBeLessThanOrEqual(steps + 4);
});

test('nothing is recorded before decisions are wanted, nor after', async () => {
  await using engine = await TestEngine.open();
  await engine.run(randomPrompt(1, 20));
  expect(engine.decisions).toEqual([]);
  engine.native.setDecisions(true);
  await engine.run(randomPrompt(2, 20));
  engine.native.setDecisions(false);
  await engine.stats();
  const { length } = engine.decisions;
  await engine.run(randomPrompt(3, 20));
  expect(length).toBeGreaterThan(0);
  expect(engine.decisions).toHaveLength(length);
});

test('the public feed: read while requests run, left, read again', async () => {
  await using engine = await Engine.load({ model: randomModel(), threads: 1, kvTokens: 4096 });
  for (let round = 0; round < 2; round++) {
    const running = engine.generate(randomPrompt(round, 20), { maxTokens: 4 });
    const kinds = new Set<string>();
    for await (const { kind } of engine.decisions()) {
      kinds.add(kind);
      if (kind === 'finish') break;
    }
    await running;
    expect(kinds).toContain('plan');
  }
});

test('the report of a program adds up over its requests', async () => {
  await using engine = await Engine.load({ model: randomModel(), threads: 1, kvTokens: 4096 });
  const program = engine.program();
  const options = { program, maxTokens: 4, temperature: 0, class: 'workflow' as const };
  const first = await engine.generate(randomPrompt('a', 40), options);
  program.toolStarted('search', { expectedMs: 50 });
  program.toolEnded('search');
  const second = await engine.generate([...randomPrompt('a', 40), ...first.tokens, ...randomPrompt('b', 20)], options);
  const report = await program.report();
  expect(report).toMatchObject({
    calls: 2,
    live: 0,
    promptTokens: first.usage.promptTokens + second.usage.promptTokens,
    cachedTokens: (first.usage.cachedTokens ?? 0) + (second.usage.cachedTokens ?? 0),
    outputTokens: first.tokens.length + second.tokens.length,
    computedTokens: first.usage.computedTokens + second.usage.computedTokens,
    lostTokens: 0,
    preemptions: 0,
  });
  expect(report?.retention).toMatch(/^(kept .* because|not kept)/);
  expect(second.usage.hits.device).toBe(second.usage.cachedTokens);
  expect(second.usage.retained).not.toBe('');
  expect(second.usage.waitedMs).toBeGreaterThanOrEqual(0);
});
