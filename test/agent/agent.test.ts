import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { z } from 'zod';
import { Agent } from '../../src/agent/agent.js';
import type { AgentEvent } from '../../src/agent/agent-events.js';
import type { AgentOptions } from '../../src/agent/agent-options.js';
import { defineTool } from '../../src/agent/tool.js';
import { deferred } from '../../testing/engine/deferred.js';
import { type Script, scripted } from '../../testing/engine/scripted-engine.js';
import { callText } from '../../testing/engine/scripted-text.js';
import { codeOf, errorOf } from '../support/expect-code.js';

const add = defineTool({
  name: 'add',
  description: 'Adds two numbers',
  input: z.object({ a: z.number(), b: z.number() }),
  execute: ({ a, b }) => a + b,
});
const addCall = (id: string, a: number, b: number) => callText(id, 'add', JSON.stringify({ a, b }));

function agentOf(script: Script, options: Partial<AgentOptions> = {}) {
  const { engine, native } = scripted(script);
  return { agent: new Agent({ engine, tools: [add], ...options }), native, engine };
}

async function collect(run: AsyncIterable<AgentEvent>): Promise<AgentEvent[]> {
  const events: AgentEvent[] = [];
  for await (const event of run) events.push(event);
  return events;
}

/** Calls `add` until a tool result is there, then answers with it. */
const addThenAnswer: Script = (prompt) => {
  const result = /<\|tool\|>([^<]*)<\|end\|>\n<\|assistant\|>$/.exec(prompt)?.[1];
  return result === undefined ? addCall('c1', 2, 3) : `It is ${result}.`;
};

test('model, tool, model: the answer and what it cost', async () => {
  const { agent } = agentOf(addThenAnswer);
  const result = await agent.run('2 + 3?');
  expect(result).toMatchObject({ text: 'It is 5.', stopReason: 'answer' });
  expect(result.steps.map(({ tools }) => tools.map(({ content }) => content))).toEqual([['5'], []]);
  expect(result.usage).toMatchObject({ toolCalls: 1 });
  expect(result.usage.promptTokens).toBe(result.steps.reduce((sum, { usage }) => sum + usage.promptTokens, 0));
  expect(result.trace.map(({ kind, step }) => [kind, step])).toEqual([
    ['tool', 0],
    ['generate', 0],
    ['generate', 1],
  ]);
});

test('events tell the same, in order', async () => {
  const { agent } = agentOf(addThenAnswer);
  const events = await collect(agent.run('2 + 3?'));
  expect(events.map(({ type }) => type)).toEqual(['tool-call', 'tool-result', 'step', 'text', 'step', 'finish']);
  expect(events.at(-1)).toMatchObject({ result: { text: 'It is 5.' } });
});

test('the second step computes the tool result only', async () => {
  const { agent } = agentOf(addThenAnswer);
  const { steps } = await agent.run('2 + 3?');
  const [first, second] = steps;
  const before = (first?.usage.promptTokens ?? 0) + (first?.usage.outputTokens ?? 0);
  expect(second?.usage.cachedTokens).toBe(before);
});

test('one program a run, one program for all its steps', async () => {
  const { agent, native } = agentOf(addThenAnswer);
  await Promise.all([agent.run('a'), agent.run('b')]);
  const programs = native.requests.map(({ program }) => program);
  const [first, second, ...more] = new Set(programs);
  expect([first, second].every((program) => (program ?? 0) > 0)).toBe(true);
  expect(more).toEqual([]);
  expect(programs.filter((program) => program === first)).toHaveLength(2);
});

test('a call starts when it closes, while the model goes on writing', async () => {
  const started = deferred<void>();
  const slow = defineTool({ name: 'slow', description: '', input: {}, execute: () => started.resolve() });
  const { agent, native } = agentOf(
    (prompt) => (prompt.includes('<|tool|>') ? 'done' : { steps: [callText('c1', 'slow', '{}'), ' and', ' more'] }),
    { tools: [slow] },
  );
  const run = agent.run('go');
  started.promise.then(() => {
    native.paused = true; // the model cannot have finished its turn yet
  });
  await started.promise;
  await turn();
  expect((await native.stats()).running).toBe(1);
  native.resume();
  expect((await run).text).toBe('done');
});

test('parallel calls run together, results go back in the order of the calls', async () => {
  const [first, second] = [deferred<string>(), deferred<string>()];
  const wait = defineTool({
    name: 'wait',
    description: '',
    input: z.object({ n: z.number() }),
    execute: ({ n }) => {
      if (n === 1) return first.promise;
      second.resolve('late call');
      first.resolve('early call');
      return second.promise;
    },
  });
  const calls = [1, 2].map((n) => callText(`c${n}`, 'wait', JSON.stringify({ n }))).join('');
  const { agent } = agentOf((prompt) => (prompt.includes('<|tool|>') ? 'ok' : calls), { tools: [wait] });
  const run = agent.run('go');
  const { steps } = await run; // a sequential agent would hang: the first call ends when the second has begun
  expect(steps[0]?.tools.map(({ content }) => content)).toEqual(['early call', 'late call']);
  expect(run.session.messages.filter(({ role }) => role === 'tool').map(({ content }) => content)).toEqual([
    'early call',
    'late call',
  ]);
});

test('errors go back to the model', async () => {
  const { agent } = agentOf((prompt) => {
    if (prompt.includes('invalid arguments')) return 'I give up.';
    return prompt.includes('no tool') ? callText('c2', 'add', '{"a":"x"}') : callText('c1', 'divide', '{"a":1}');
  });
  const { text, steps } = await agent.run('1 / 2?');
  expect(text).toBe('I give up.');
  expect(steps.slice(0, 2).map(({ tools }) => tools[0]?.ok)).toEqual([false, false]);
});

describe('limits end a run well', () => {
  const forever: Script = (_prompt, request) => (request.chat ? addCall('c1', 1, 1) : '');

  test('maxSteps: the last step must answer', async () => {
    const { agent, native } = agentOf(forever, { limits: { maxSteps: 3 } });
    const result = await agent.run('go');
    expect(result).toMatchObject({ stopReason: 'max-steps' });
    expect(native.requests).toHaveLength(3);
    expect(native.renders.at(-1)).toMatchObject({ toolChoice: 'none' });
  });

  test('maxToolCalls: further calls are refused, then there are none', async () => {
    const three: Script = (prompt) =>
      prompt.includes('<|tool|>') ? 'ok' : [1, 2, 3].map((n) => addCall(`c${n}`, n, n)).join('');
    const { agent, native } = agentOf(three, { limits: { maxToolCalls: 2 } });
    const { steps, text } = await agent.run('go');
    expect(steps[0]?.tools.map(({ ok }) => ok)).toEqual([true, true, false]);
    expect(steps[0]?.tools[2]?.content).toContain('no more tool calls');
    expect(native.renders.at(-1)).toMatchObject({ toolChoice: 'none' });
    expect(text).toBe('ok');
  });

  test('maxTokens: for the whole run', async () => {
    const { agent, native } = agentOf(forever, { maxTokens: 100, limits: { maxTokens: 30 } });
    expect(await agent.run('go')).toMatchObject({ stopReason: 'max-tokens' });
    expect(native.requests.map(({ maxTokens }) => maxTokens)).toEqual([30, 3]);
  });

  test('timeoutMs: what there is comes back', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const started = deferred<void>();
    const execute = () => {
      started.resolve();
      return new Promise(() => {});
    };
    const hang = defineTool({ name: 'hang', description: '', input: {}, execute });
    const { agent } = agentOf(() => callText('c1', 'hang', '{}'), { tools: [hang], limits: { timeoutMs: 20 } });
    const run = agent.run('go');
    await started.promise;
    vi.advanceTimersByTime(20);
    const result = await run;
    expect(result.stopReason).toBe('timeout');
    expect(result.steps[0]?.tools[0]?.content).toBe('{"error":"the time of the run is over"}');
  });
});

test('forced tool calls: required for so many steps', async () => {
  const { agent, native } = agentOf(addThenAnswer, { forceTools: 1 });
  await agent.run('2 + 3?');
  const choices = native.renders.map(({ toolChoice }) => toolChoice);
  expect([choices[0], ...new Set(choices.slice(1))]).toEqual(['required', 'auto']);
});

test.each([1, 3])(
  'a step of %s that had to call a tool and called none ends the run with no-call',
  async (forceTools) => {
    const { agent, native } = agentOf(() => 'I would rather not.', { forceTools });
    const result = await agent.run('2 + 3?');
    expect(result).toMatchObject({ stopReason: 'no-call', text: 'I would rather not.' });
    expect(result.steps).toHaveLength(1);
    expect(native.requests).toHaveLength(1);
  },
);

test('an abort rejects with ABORTED, cancels the model and tells the tools', async () => {
  const stop = new AbortController();
  let toolSignal: AbortSignal | undefined;
  const hang = defineTool({
    name: 'hang',
    description: '',
    input: {},
    execute: (_input, { signal }) => {
      toolSignal = signal;
      stop.abort();
      return new Promise(() => {});
    },
  });
  const { agent, native } = agentOf(() => ({ steps: [callText('c1', 'hang', '{}'), 'a', 'b', 'c', 'd'] }), {
    tools: [hang],
  });
  expect(await codeOf(() => agent.run('go', { signal: stop.signal }))).toBe('ABORTED');
  expect(toolSignal?.aborted).toBe(true);
  expect(native.cancelled).toEqual([1]);
});

test('aborted before it began, a run asks the model nothing', async () => {
  const { agent, native } = agentOf(addThenAnswer);
  expect(await codeOf(() => agent.run('go', { signal: AbortSignal.abort() }))).toBe('ABORTED');
  expect(native.requests).toEqual([]);
});

test('leaving the loop cancels the run', async () => {
  const { agent, native } = agentOf(() => ({ steps: ['a', 'b', 'c', 'd', 'e'] }));
  const run = agent.run('go');
  for await (const event of run) if (event.type === 'text') break;
  expect(await run).toMatchObject({ stopReason: 'cancelled', text: 'a' });
  expect(native.cancelled).toEqual([1]);
});

test('a run goes on with the conversation of another', async () => {
  const { agent } = agentOf((prompt) => (prompt.includes('second') ? 'Two.' : 'One.'), { system: 'S' });
  const first = agent.run('first');
  await first;
  const { usage } = await agent.run('second', { session: first.session });
  expect(usage.cachedTokens).toBeGreaterThan(20);
  expect(first.session.messages.map(({ content }) => content)).toEqual(['S', 'first', 'One.', 'second', 'Two.']);
});

test('a limit of tokens beyond what one turn may have is a limit of the run only', async () => {
  const { engine } = scripted(() => 'Done.');
  const { text } = await new Agent({ engine, limits: { maxTokens: 2_000_000_000 } }).run('Go.');
  expect(text).toBe('Done.');
});

test('a failing engine rejects the run, which need not be awaited', async () => {
  const { agent } = agentOf(() => ({ steps: [], error: { code: 'ENGINE_FAILED', message: 'no' } }));
  const run = agent.run('go'); // vitest fails the run on an unhandled rejection
  for (let i = 0; i < 5; i++) await turn();
  expect(await codeOf(() => run)).toBe('ENGINE_FAILED');
});

test('thirty-two agents at once', async () => {
  const { agent } = agentOf(addThenAnswer);
  const results = await Promise.all(Array.from({ length: 32 }, (_, n) => agent.run(`${n} + 1?`)));
  expect(results.every(({ text }) => text === 'It is 5.')).toBe(true);
});

test.each([
  ['limits.maxSteps', { limits: { maxSteps: 0 } }],
  ['maxStep', { limits: { maxStep: 1 } }],
  ['forceTools', { forceTools: -1 }],
  ['forceTools', { forceTools: 1, tools: [] }],
  ['temperature', { temperature: -1 }],
  ['tools[1].name', { tools: [add, add] }],
  ['sytem', { sytem: 'x' }],
  ['engine', { engine: {} }],
  ['tools', { tools: 7 }],
  ['tools[0]', { tools: [{ name: 'add', description: '', parameters: {} }] }], // the engine's description of one
  ['tools[1]', { tools: [add, null] }],
])('a wrong %s is told when the agent is made', async (field, options) => {
  await expect(async () => agentOf(() => '', options as never)).rejects.toMatchObject({
    code: 'INVALID_OPTION',
    field,
  });
});

test('what is no session is told when the run is asked for', async () => {
  const { agent } = agentOf(() => 'ok');
  for (const session of [7, {}, null]) {
    expect(await errorOf(() => agent.run('x', { session: session as never }))).toMatchObject({
      code: 'INVALID_OPTION',
      field: 'session',
    });
  }
  await expect(async () => new Agent(null as never)).rejects.toMatchObject({
    code: 'INVALID_OPTION',
    field: 'options',
  });
});
