import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { Agent } from '../../src/agent/agent.js';
import { defineTool } from '../../src/agent/tool.js';
import type { Engine } from '../../src/engine/engine.js';
import { ENDING_MODEL, openEngine } from '../../testing/engine/random-engine.js';
import { codeOf } from '../support/expect-code.js';

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine(ENDING_MODEL, { kvTokens: 32_768 });
});
afterAll(() => engine.close());

const calls: object[] = [];
const tools = [
  defineTool({
    name: 'lookup',
    description: 'Looks a word up',
    input: z.object({ word: z.string().max(8) }),
    execute: ({ word }) => {
      calls.push({ word });
      return { word, known: false };
    },
  }),
  defineTool({
    name: 'count',
    description: 'Counts to a number',
    input: z.object({ to: z.number().int() }),
    execute: ({ to }) => ({ last: to }),
  }),
];
const agent = (options = {}) =>
  new Agent({
    engine,
    tools,
    system: 'You are a helpful assistant.',
    maxTokens: 200,
    forceTools: 2,
    limits: { maxSteps: 4 },
    ...options,
  });

test('forced calls are valid: tools run, results go back, nothing is computed twice', async () => {
  const run = agent({ temperature: 0 }).run('What is a banyan?');
  const { steps, stopReason } = await run;
  expect(stopReason).toMatch(/^(answer|max-steps)$/);
  expect(steps.length).toBeGreaterThanOrEqual(3);
  for (const step of steps.slice(0, 2)) {
    expect(step.tools.length).toBeGreaterThan(0);
    for (const { ok, content } of step.tools) expect(ok, content).toBe(true);
  }
  steps.slice(1).forEach(({ usage }, index) => {
    const before = steps[index];
    const past = (before?.usage.promptTokens ?? 0) + (before?.usage.outputTokens ?? 0);
    expect(usage.cachedTokens).toBeGreaterThanOrEqual(past - 1); // the last token of a cut answer is not computed
  });
  expect(run.session.messages.map(({ role }) => role)).toContain('tool');
});

test('thirty-two agents at once share their instructions and all finish', { timeout: 60_000 }, async () => {
  await engine.clearCache();
  const before = await engine.stats();
  const fleet = agent();
  const results = await Promise.all(Array.from({ length: 32 }, (_, n) => fleet.run(`Question ${n}`)));
  for (const { steps, stopReason } of results) {
    expect(steps.length).toBeGreaterThanOrEqual(2);
    expect(stopReason).toMatch(/^(answer|max-steps)$/);
  }
  const after = await engine.stats();
  const prompts = after.promptTokens - before.promptTokens;
  expect((after.cachedTokens - before.cachedTokens) / prompts).toBeGreaterThan(0.75);
  expect(after).toMatchObject({ running: 0, waiting: 0 });
  expect(after.pagesUsed).toBe(after.pagesCached);
});

test('an abort in the middle of a fleet leaves an idle engine', async () => {
  const stop = new AbortController();
  const fleet = agent();
  const runs = Array.from({ length: 8 }, (_, n) => codeOf(() => fleet.run(`Stop ${n}`, { signal: stop.signal })));
  while ((await engine.stats()).running < 4);
  stop.abort();
  expect(await Promise.all(runs)).toEqual(Array(8).fill('ABORTED'));
  expect(await engine.stats()).toMatchObject({ running: 0, waiting: 0 });
});
