import { expect, test } from 'vitest';
import { z } from 'zod';
import { Agent } from '../../src/agent/agent.js';
import type { AgentOptions } from '../../src/agent/agent-options.js';
import { ToolPredictor } from '../../src/agent/speculation/tool-predictor.js';
import { defineTool } from '../../src/agent/tool.js';
import { text } from '../../src/graph/text.js';
import { Workflow } from '../../src/graph/workflow.js';
import { Memo } from '../../src/memo/memo.js';
import { type Script, scripted } from '../../testing/engine/scripted-engine.js';
import { callText } from '../../testing/engine/scripted-text.js';
import { codeOf, errorOf } from '../support/expect-code.js';

// Agents as nodes: their calls begin early, and their runs are known again, only where that is asked for.

const reads: Script = (prompt) =>
  prompt.includes('<|tool|>') ? 'It says so.' : callText('c', 'read', '{"path":"a.txt"}');

function world({
  pure = true,
  script = reads,
  ...options
}: Partial<AgentOptions> & { pure?: boolean; script?: Script } = {}) {
  const { engine, native } = scripted(script);
  const asked: string[] = [];
  const tool = defineTool({
    name: 'read',
    description: 'Reads a file',
    input: z.object({ path: z.string() }),
    pure,
    execute: ({ path }) => {
      asked.push(path);
      return `text of ${path}`;
    },
  });
  const agent = new Agent({ engine, tools: [tool], temperature: 0, ...options });
  return { engine, native, asked, agent };
}

const foretells = (path: string) =>
  new ToolPredictor({
    rules: [({ calls }) => (calls.length > 0 ? undefined : [{ name: 'read', input: { path } }])],
  });

test("a node's predictor begins calls of its agent early, in place of the agent's own; the report says what that gave", async () => {
  const { engine, agent, asked } = world({ predictor: foretells('wrong.txt') });
  const flow = new Workflow();
  const right = flow.agent('right', agent, 'Read', { predictor: foretells('a.txt') });
  const own = flow.agent('own', agent, text`After ${right}`);
  const none = flow.agent('none', world().agent, text`Then ${own}`);
  const { outputs, nodes } = await flow.plan({ right, own, none }).run(engine);
  expect(outputs).toEqual({ right: 'It says so.', own: 'It says so.', none: 'It says so.' });
  const told = Object.fromEntries(nodes.map(({ name, speculation }) => [name, speculation]));
  expect(told.right).toMatchObject({ hits: 1, misses: 0, wastedCalls: 0 });
  expect(told.own).toMatchObject({ hits: 0, misses: 1, wastedCalls: 1 });
  expect(told.none).toBeUndefined();
  expect(asked).toEqual(['a.txt', 'wrong.txt', 'a.txt']);
});

test('with `memo` an input that came before, or comes meanwhile, runs nothing: no model, no tool', async () => {
  const { engine, native, agent, asked } = world();
  const flow = new Workflow();
  const who = flow.input('who');
  const [a, b] = [
    flow.agent('a', agent, text`Tell ${who}`, { memo: true }),
    flow.agent('b', agent, text`Tell ${who}`, { memo: true }),
  ];
  const again = flow.agent('again', agent, text`Tell ${who}`);
  const plan = flow.plan({ a, b, again });
  const memo = new Memo();
  const first = await plan.run(engine, { who: 'Ann' }, { memo });
  expect(first.outputs).toEqual({ a: 'It says so.', b: 'It says so.', again: 'It says so.' });
  expect([native.requests.length, asked.length, memo.stats]).toEqual([4, 2, { hits: 1, misses: 1, bypassed: 0 }]);
  const second = plan.run(engine, { who: 'Ann' }, { memo });
  const texts: string[] = [];
  for await (const event of second) if (event.type === 'text') texts.push(event.node);
  const attempts = (await second).nodes.map(({ name, attempts: tries }) => [name, tries]);
  expect(Object.fromEntries(attempts)).toMatchObject({ a: 0, b: 0, again: 1 });
  expect(new Set(texts)).toEqual(new Set(['a', 'b', 'again'])); // known answers are told as well
  expect([native.requests.length, asked.length]).toEqual([6, 3]);
  await plan.run(engine, { who: 'Bob' }, { memo });
  await plan.run(engine, { who: 'Ann' }); // no memo: nothing is known
  expect(native.requests).toHaveLength(6 + 4 + 6);
});

test('another agent knows nothing of it, though it looks the same: its tools are other code', async () => {
  const [one, other] = [world(), world()];
  const memo = new Memo();
  for (const { agent, engine } of [one, other]) {
    const flow = new Workflow();
    await flow.plan({ out: flow.agent('out', agent, 'Read', { memo: true }) }).run(engine, {}, { memo });
  }
  expect([one.asked, other.asked]).toEqual([['a.txt'], ['a.txt']]);
});

test('what a limit ended, or failed, is not kept', async () => {
  const endless = world({ script: () => callText('c', 'read', '{"path":"b.txt"}'), limits: { maxSteps: 2 } });
  let fails = true;
  const failing = world({
    script: (prompt) =>
      fails ? { steps: [], error: { code: 'STEP_FAILED', message: 'no' } } : reads(prompt, {} as never),
  });
  const memo = new Memo();
  const run = async ({ agent, engine }: ReturnType<typeof world>) => {
    const flow = new Workflow();
    return flow.plan({ out: flow.agent('out', agent, 'Read', { memo: true }) }).run(engine, {}, { memo });
  };
  await run(endless);
  const once = endless.asked.length;
  await run(endless);
  expect(endless.asked).toHaveLength(2 * once);
  expect(await codeOf(() => run(failing))).toBe('STEP_FAILED');
  fails = false;
  expect((await run(failing)).outputs).toEqual({ out: 'It says so.' });
});

test('agents whose answers may differ, or whose tools have effects, are not for a memo', async () => {
  const flow = new Workflow();
  const refused = (name: string, options: Parameters<typeof world>[0]) =>
    errorOf(() => flow.agent(name, world(options).agent, 'x', { memo: true }));
  expect(await refused('a', { pure: false })).toMatchObject({ code: 'INVALID_OPTION', field: 'memo' });
  expect(await refused('b', { temperature: 1 })).toMatchObject({ code: 'INVALID_OPTION', field: 'memo' });
  expect(world({ temperature: 1, seed: 3 }).agent.repeatable).toBe(true);
  expect(await codeOf(() => flow.agent('c', world().agent, 'x', { predictor: {} as ToolPredictor }))).toBe(
    'INVALID_OPTION',
  );
});
