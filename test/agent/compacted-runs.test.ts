import { expect, test } from 'vitest';
import { Agent } from '../../src/agent/agent.js';
import type { AgentEvent, AgentStep } from '../../src/agent/agent-events.js';
import { defineTool } from '../../src/agent/tool.js';
import { SUMMARY_MARK } from '../../src/chat/overflow/summary.js';
import { Engine } from '../../src/engine/engine.js';
import { asBanyanError } from '../../src/kit/errors.js';
import { type Script, scripted } from '../../testing/engine/scripted-engine.js';
import { callText } from '../../testing/engine/scripted-text.js';
import { CrashingJournal, MemoryJournal } from '../support/memory-journal.js';

const PAGES = 24;
const ORDER = 'SUMMARISE';

/** Turns the page that it read last, and says after the last one that it has read all. */
const reader: Script = (prompt) => {
  const last = Number([...prompt.matchAll(/page (\d+):/g)].at(-1)?.[1] ?? 0);
  if (prompt.includes(`<|user|>${ORDER}`)) return `read up to ${last}`;
  return last < PAGES ? callText('c1', 'read', `{"page":${last + 1}}`) : 'The end.';
};

function reading(options: Partial<ConstructorParameters<typeof Agent>[0]> = {}) {
  const { engine, native } = scripted(reader);
  Object.assign(native.info, { maxContext: 3_600 });
  const pages: number[] = [];
  const read = defineTool({
    ...{ name: 'read', description: 'Reads', input: { type: 'object', properties: { page: { type: 'integer' } } } },
    execute: (input) => {
      const { page } = input as { page: number };
      pages.push(page);
      return `page ${page}: ${'word '.repeat(30)}`;
    },
  });
  const compact = { onOverflow: 'compact', overflow: { summaryPrompt: ORDER } } as const;
  const agent = new Agent({
    engine,
    tools: [read],
    system: 'S',
    seed: 1,
    limits: { maxSteps: 40 },
    ...compact,
    ...options,
  });
  return { agent, engine, native, pages };
}

/** What a run did, without times, and without what happened to be cached. */
const told = (steps: readonly AgentStep[]) =>
  steps.map(({ text, tools, usage, finishReason, context }) => ({
    ...{ text, finishReason, prompt: usage.promptTokens, output: usage.outputTokens },
    tools: tools.map(({ call, ok, content }) => ({ call, ok, content })),
    context: context && { ...context, summary: context.summary?.text },
  }));

test('a run that compacts goes on beyond its context with its task, a summary and the last calls', async () => {
  const { agent, native, pages } = reading();
  const events: AgentEvent[] = [];
  const run = agent.run('READ ALL');
  for await (const event of run) events.push(event);
  const { stopReason, steps, text, usage } = await run;
  expect([stopReason, text, steps.length]).toEqual(['answer', 'The end.', PAGES + 1]);
  expect(pages).toEqual(Array.from({ length: PAGES }, (_, n) => n + 1)); // nothing was read again
  const changes = steps.flatMap(({ context }) => context ?? []);
  expect(changes.length).toBeGreaterThan(1);
  expect(events.filter(({ type }) => type === 'context')).toEqual(
    steps.flatMap(({ index, context }) => (context ? [{ type: 'context', step: index, change: context }] : [])),
  );
  for (const { dropped, context } of steps) expect(dropped).toBe(context?.dropped ?? 0);
  expect(run.session.messages[1]).toEqual({ role: 'user', content: 'READ ALL' });
  expect(run.session.messages[2]?.content).toMatch(/^\[Summary of the conversation so far\]\nread up to \d+$/);
  // The run's sums are those of all its requests, summaries among them.
  const requests = native.requests.length;
  expect(requests).toBe(steps.length + changes.length);
  expect(usage.promptTokens).toBe(native.requests.reduce((sum, { prompt }) => sum + prompt.length, 0));
  expect(new Set(native.requests.map(({ program }) => program)).size).toBe(1);
});

test('a summary counts against the tokens of the run', async () => {
  const whole = await reading().agent.run('READ ALL');
  const maxTokens = whole.usage.outputTokens - 30;
  const { stopReason, steps, usage } = await reading({ limits: { maxSteps: 40, maxTokens } }).agent.run('READ ALL');
  expect(stopReason).toBe('max-tokens');
  expect(usage.outputTokens).toBeGreaterThanOrEqual(maxTokens);
  expect(steps.reduce((sum, step) => sum + step.usage.outputTokens, 0)).toBeLessThan(maxTokens);
});

test('resumed at any of its entries it makes the same context, and reads no page again', async () => {
  const journal = new MemoryJournal();
  const first = reading();
  const run = first.agent.run('READ ALL', { journal });
  const whole = await run;
  expect(whole.steps.some(({ context }) => context?.summary)).toBe(true);
  for (let at = 1; at < journal.lines.length; at += 3) {
    const crashing = new CrashingJournal(at, true);
    const before = reading();
    void before.agent.run('READ ALL', { journal: crashing });
    await crashing.crashed;
    const open = crashing.open.length;
    const again = reading();
    const resumed = again.agent.resume(new MemoryJournal(crashing.lines));
    const { steps } = await resumed;
    if (open > 0) continue; // the model reads of an unknown outcome, and goes another way
    expect(told(steps)).toEqual(told(whole.steps));
    expect(resumed.session.messages).toEqual(run.session.messages);
    expect(resumed.session.tokens).toEqual(run.session.tokens);
    const all = [...before.pages, ...again.pages];
    expect(new Set(all).size).toBe(all.length);
  }
});

test('a task longer than the context rejects with its size', async () => {
  const { agent } = reading();
  const failed = asBanyanError(await agent.run('word '.repeat(1_000)).catch((reason) => reason));
  expect([failed.code, failed.limit]).toEqual(['PROMPT_TOO_LONG', 3_600]);
});

test.each(['trim', 'window', 'compact'] as const)(
  '40 turns in a window of 2,048 tokens end: %s',
  async (onOverflow) => {
    await using engine = await Engine.load({ maxContext: 2_048, kvTokens: 4_096, threads: 1 });
    const lookUp = defineTool({
      name: 'look_up',
      description: 'Looks up a word',
      input: { type: 'object', properties: { word: { type: 'string', maxLength: 12 } }, required: ['word'] },
      execute: () => `It means ${'many things, '.repeat(20)}and more.`,
    });
    const agent = new Agent({
      ...{ engine, tools: [lookUp], system: 'Answer briefly.', temperature: 0.8, seed: 5, onOverflow },
      ...{ limits: { maxSteps: 40, maxToolCalls: 200 }, forceTools: 39, maxTokens: 120, parallelToolCalls: false },
    });
    const run = agent.run('What does THE TASK mean?');
    const { steps, usage, stopReason } = await run;
    expect([stopReason === 'context', steps.length]).toEqual([false, 40]);
    const changes = steps.flatMap(({ context }) => context ?? []);
    expect(changes.length).toBeGreaterThan(1);
    expect(run.session.messages.slice(0, 2).map(({ content }) => content)).toEqual([
      'Answer briefly.',
      'What does THE TASK mean?',
    ]);
    expect(run.session.tokens.length).toBeLessThan(2_048);
    const written = changes.flatMap(({ summary }) => summary ?? []);
    expect(written.length).toBe(onOverflow === 'compact' ? changes.filter(({ summary }) => summary).length : 0);
    if (onOverflow === 'compact') expect(run.session.messages[2]?.content).toContain(SUMMARY_MARK);
    const sum = (key: 'promptTokens' | 'outputTokens') =>
      [...steps.map(({ usage }) => usage), ...written.map(({ usage }) => usage)].reduce(
        (all, one) => all + one[key],
        0,
      );
    expect([usage.promptTokens, usage.outputTokens]).toEqual([sum('promptTokens'), sum('outputTokens')]);
  },
);
