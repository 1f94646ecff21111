import { expect, test } from 'vitest';
import { z } from 'zod';
import { Agent } from '../../src/agent/agent.js';
import { defineTool } from '../../src/agent/tool.js';
import { scripted } from '../../testing/engine/scripted-engine.js';
import { callText } from '../../testing/engine/scripted-text.js';
import { errorOf } from '../support/expect-code.js';

const search = defineTool({
  name: 'search',
  description: 'Looks something up',
  input: z.object({}),
  expectedMs: 900,
  execute: () => 'found',
});

/** The model calls `tool` once, then answers. */
function agentThatCalls(tool: string) {
  const { engine, native } = scripted((prompt) => (prompt.includes('<|tool|>') ? 'done' : callText('1', tool, '{}')));
  return { engine, native, agent: new Agent({ engine, tools: [search] }) };
}

test('a run tells when its tools start and end, and when it has ended', async () => {
  const { native, agent } = agentThatCalls('search');
  const run = agent.run('go');
  await run;
  const program = native.requests[0]?.program;
  expect(native.hints.map(({ kind, tool, expectedMs }) => [kind, tool, expectedMs])).toEqual([
    ['tool-started', 'search', 900],
    ['tool-ended', 'search', 0],
    ['finished', '', 0],
  ]);
  expect(native.hints.every((hint) => hint.program === program)).toBe(true);
  expect(await run.report()).toMatchObject({ calls: 2 });
});

test('a tool that says nothing of its time is left to be measured', async () => {
  const { engine, native } = scripted((prompt) => (prompt.includes('<|tool|>') ? 'done' : callText('1', 'a', '{}')));
  const tool = defineTool({ name: 'a', description: '', input: z.object({}), execute: () => 1 });
  await new Agent({ engine, tools: [tool] }).run('go');
  expect(native.hints[0]).toMatchObject({ kind: 'tool-started', tool: 'a', expectedMs: 0 });
});

test('a run in a conversation that goes on waits for a human at its end', async () => {
  const { native, agent } = agentThatCalls('search');
  const first = agent.run('go');
  await first;
  await agent.run('go on', { session: first.session });
  expect(
    native.hints.filter(({ kind }) => kind !== 'tool-started' && kind !== 'tool-ended').map((h) => h.kind),
  ).toEqual(['finished', 'waiting-for-human']);
});

test('a run whose engine closes meanwhile tells nothing more, and fails only of that', async () => {
  const { engine, native } = scripted(() => callText('1', 'slow', '{}'));
  const slow = defineTool({
    name: 'slow',
    description: '',
    input: z.object({}),
    execute: async () => {
      await engine.close();
      return 'late';
    },
  });
  const error = await errorOf(() => new Agent({ engine, tools: [slow] }).run('go'));
  expect(error.code).toBe('CLOSED');
  expect(native.hints.map(({ kind }) => kind)).toEqual(['tool-started']);
});

test('the deadline is that of the run, the limit that of its first step', async () => {
  const { engine, native } = scripted((prompt) =>
    prompt.includes('<|tool|>') ? 'done' : callText('1', 'search', '{}'),
  );
  await new Agent({ engine, tools: [search], deadlineMs: 60_000, ttftLimitMs: 5_000, class: 'background' }).run('go');
  const [first, second] = native.requests;
  expect(first).toMatchObject({ ttftLimitMs: 5_000, class: 'background' });
  expect(second).toMatchObject({ ttftLimitMs: 0, class: 'background' });
  expect(first?.deadlineMs).toBeLessThanOrEqual(60_000);
  expect(second?.deadlineMs).toBeLessThan(first?.deadlineMs as number);
});

test('an expected time that is none is refused where the tool is defined', async () => {
  const define = () =>
    defineTool({ name: 'a', description: '', input: z.object({}), execute: () => 1, expectedMs: Number.NaN });
  expect(await errorOf(define)).toMatchObject({ code: 'INVALID_OPTION', field: 'expectedMs' });
});
