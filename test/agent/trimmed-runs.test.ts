import { expect, test } from 'vitest';
import { Agent } from '../../src/agent/agent.js';
import type { AgentStep } from '../../src/agent/agent-events.js';
import { defineTool } from '../../src/agent/tool.js';
import { type Script, scripted } from '../../testing/engine/scripted-engine.js';
import { callText } from '../../testing/engine/scripted-text.js';
import { MemoryJournal } from '../support/memory-journal.js';

const PAGE = `${'word '.repeat(20)}a page of the book`;

/** A run of `steps` calls in a context that holds few of them. */
function reading(options: { onOverflow?: 'error' | 'trim'; maxTokens?: number }, script: Script, text = PAGE) {
  const { engine, native } = scripted(script);
  Object.assign(native.info, { maxContext: 3_600 });
  const read = defineTool({ name: 'read', description: 'Reads', input: { type: 'object' }, execute: () => text });
  const agent = new Agent({ engine, tools: [read], system: 'S', seed: 1, limits: { maxSteps: 40 }, ...options });
  return { agent, engine, native };
}

const calling: (most: number) => Script = (most) => {
  let calls = 0;
  return () => (calls++ < most ? callText('c1', 'read', '{}') : 'The end.');
};

test('a run that trims goes on beyond its context, with its task and the last results', async () => {
  const { agent, engine, native } = reading({ onOverflow: 'trim' }, calling(24));
  const { stopReason, steps, text } = await agent.run('READ ALL');
  expect([stopReason, text, steps.length]).toEqual(['answer', 'The end.', 25]);
  expect(steps.filter(({ dropped }) => dropped > 0).length).toBeGreaterThan(1);
  for (const { prompt } of native.requests.slice(1)) {
    expect(prompt.length).toBeLessThan(3_200);
    const text = engine.detokenize(prompt, { special: true });
    expect(text).toContain('READ ALL');
    expect(text).toMatch(/a page of the book<\|end\|>\n<\|assistant\|>$/);
  }
});

test('without it the run ends with its steps when there is no room', async () => {
  const { agent } = reading({}, calling(24));
  const { stopReason, steps } = await agent.run('READ ALL');
  expect(stopReason).toBe('context');
  expect(steps.every(({ dropped }) => dropped === 0)).toBe(true);
});

test.each<[string, Parameters<typeof reading>[0], string]>([
  ['trimmed', { onOverflow: 'trim' }, PAGE],
  ['with results that were cut', {}, 'word '.repeat(1_000)],
])('a run %s is resumed with the same conversation', async (_what, options, text) => {
  const journal = new MemoryJournal();
  const first = reading(options, calling(16), text).agent.run('READ ALL', { journal });
  const result = await first;
  const again = reading(options, calling(16), text).agent.resume(new MemoryJournal(journal.lines));
  const untimed = (steps: readonly AgentStep[]) => steps.map(({ toolMs: _toolMs, ...step }) => step);
  expect(untimed((await again).steps)).toEqual(untimed(result.steps));
  expect(again.session.messages).toEqual(first.session.messages);
  expect(again.session.tokens).toEqual(first.session.tokens);
});

test('an answer that was cut does not pass for one', async () => {
  const cut: Script = () => ({ steps: ['Once upon'], end: 'length' });
  expect((await reading({ maxTokens: 9 }, cut).agent.run('Tell')).stopReason).toBe('max-tokens');
  expect((await reading({}, cut).agent.run('Tell')).stopReason).toBe('context');
});
