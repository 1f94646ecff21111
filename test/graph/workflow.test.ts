import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { Agent } from '../../src/agent/agent.js';
import { defineTool } from '../../src/agent/tool.js';
import type { GraphEvent } from '../../src/graph/graph-events.js';
import { text } from '../../src/graph/text.js';
import { Workflow } from '../../src/graph/workflow.js';
import { Memo } from '../../src/memo/memo.js';
import type { Answer } from '../../testing/engine/scripted-answer.js';
import { type Script, scripted } from '../../testing/engine/scripted-engine.js';
import { callText } from '../../testing/engine/scripted-text.js';
import { codeOf, errorOf } from '../support/expect-code.js';

const asked = (prompt: string) => /<\|user\|>([^<]*)<\|end\|>\n<\|assistant\|>$/.exec(prompt)?.[1] ?? '';
const ENDLESS: Answer = { steps: Array.from({ length: 10_000 }, () => 'x') };
const echo: Script = (prompt) => `«${asked(prompt)}»`;

async function collect(run: AsyncIterable<GraphEvent>): Promise<GraphEvent[]> {
  const events: GraphEvent[] = [];
  for await (const event of run) events.push(event);
  return events;
}

test('values flow through prompts and code to the outputs', async () => {
  const { engine } = scripted(echo);
  const flow = new Workflow();
  const topic = flow.input('topic');
  const pro = flow.ask('pro', { prompt: text`for ${topic}` });
  const contra = flow.ask('contra', { prompt: text`against ${topic}` });
  const both = flow.code('both', { pro, contra }, (said) => ({ sides: [said.pro, said.contra].length, ...said }));
  const verdict = flow.ask('verdict', { prompt: text`judge ${both}` });
  const { outputs, nodes } = await flow.plan({ verdict, both }).run(engine, { topic: 'tea' });
  expect(outputs.both).toEqual({ sides: 2, pro: '«for tea»', contra: '«against tea»' });
  expect(outputs.verdict).toBe('«judge {"contra":"«against tea»","pro":"«for tea»","sides":2}»');
  expect(nodes.map(({ name }) => name).sort()).toEqual(['both', 'contra', 'pro', 'topic', 'verdict']);
});

test('nodes begin as soon as what they need is there, all of one program', async () => {
  const { engine, native } = scripted(echo);
  const flow = new Workflow();
  const first = flow.ask('first', { prompt: 'one' });
  const other = flow.ask('other', { prompt: 'two' });
  const last = flow.ask('last', { prompt: text`${first}` });
  const events = await collect(flow.plan({ last, other }).run(engine));
  const told = events.map((event) => `${event.type} ${event.node}`);
  expect(told.indexOf('started other')).toBeLessThan(told.indexOf('ended first'));
  expect(told.indexOf('started last')).toBeGreaterThan(told.indexOf('ended first'));
  expect(new Set(native.requests.map(({ program }) => program)).size).toBe(1);
  expect(native.requests.every((request) => request.class === 'workflow')).toBe(true);
});

test('what no output needs is not run; equal questions are asked once, answers that may differ are not', async () => {
  const { engine, native } = scripted(echo);
  const flow = new Workflow();
  const asks = (name: string, options: object) => flow.ask(name, { prompt: 'same', ...options });
  const cold = { temperature: 0 };
  const [a, b, c] = [asks('a', cold), asks('b', cold), asks('c', { temperature: 0, system: 'other' })];
  const [d, e] = [asks('d', { temperature: 1 }), asks('e', { temperature: 1 })];
  const [f, g] = [asks('f', { seed: 1 }), asks('g', { seed: 2 })];
  asks('unused', cold);
  const below = [
    flow.ask('x', { prompt: text`${a}`, ...cold }),
    flow.ask('y', { prompt: text`${b}`, ...cold }),
  ] as const;
  const plan = flow.plan({ x: below[0], y: below[1], c, d, e, f, g });
  expect([...plan.merged]).toEqual([
    ['b', 'a'],
    ['y', 'x'],
  ]);
  const { outputs } = await plan.run(engine);
  expect(outputs).toMatchObject({ x: '««same»»', y: '««same»»', d: '«same»' });
  expect(native.requests).toHaveLength(2 + 5);
});

test('pure code with the same function and the same values is one node', async () => {
  const { engine } = scripted(echo);
  const flow = new Workflow();
  const n = flow.input<number>('n');
  let calls = 0;
  const twice = ({ n: value }: { n: number }) => {
    calls++;
    return 2 * value;
  };
  const one = flow.code('one', { n }, twice, { pure: true });
  const two = flow.code('two', { n }, twice, { pure: true });
  const effect = flow.code('effect', { n }, twice);
  const { outputs } = await flow.plan({ one, two, effect }).run(engine, { n: 21 });
  expect([outputs, calls]).toEqual([{ one: 42, two: 42, effect: 42 }, 2]);
});

test('a node that follows goes on with the conversation: only its own words are new', async () => {
  const { engine, native } = scripted(echo);
  const flow = new Workflow();
  const draft = flow.ask('draft', { system: 'You write.', prompt: 'write' });
  const left = flow.ask('left', { follows: draft, prompt: 'shorter' });
  const right = flow.ask('right', { follows: draft, prompt: 'longer' });
  const { nodes } = await flow.plan({ left, right }).run(engine);
  const [first, ...more] = native.requests;
  for (const { prompt } of more) expect(prompt.slice(0, first?.prompt.length)).toEqual(first?.prompt);
  const cost = new Map(nodes.map(({ name, usage }) => [name, usage?.cachedTokens ?? 0]));
  expect(cost.get('left')).toBeGreaterThan(first?.prompt.length ?? 0);
});

test('an answer under a schema is a value', async () => {
  const { engine } = scripted((prompt) => (asked(prompt).startsWith('count') ? '{"n":3}' : echo(prompt, {} as never)));
  const flow = new Workflow();
  const count = flow.ask('count', { prompt: 'count', schema: z.object({ n: z.number() }) });
  const next = flow.code('next', { count }, ({ count: { n } }) => n + 1);
  expect((await flow.plan({ next }).run(engine)).outputs.next).toBe(4);
});

test('a node that fails is tried again, then ends the run; the others are cancelled', async () => {
  let tries = 0;
  const { engine, native } = scripted((prompt) => {
    if (asked(prompt) === 'slow') return ENDLESS;
    return ++tries < 3 ? { steps: ['half'], error: { code: 'STEP_FAILED', message: 'no luck' } } : 'whole';
  });
  const flow = new Workflow();
  const shaky = flow.ask('shaky', { prompt: 'go', retries: 2 });
  const good = await flow.plan({ shaky }).run(engine);
  expect(good.outputs.shaky).toBe('whole');
  expect(good.nodes[0]).toMatchObject({ attempts: 3 });

  tries = 0;
  const once = flow.ask('once', { prompt: 'go', retries: 1 });
  const slow = flow.ask('slow', { prompt: 'slow' });
  const run = flow.plan({ once, slow }).run(engine);
  const failed = collect(run).catch(() => []);
  expect(await codeOf(() => run)).toBe('STEP_FAILED');
  await failed;
  await turn();
  expect((await native.stats()).running).toBe(0);
});

test('what fails in the same way again is not tried again', async () => {
  const { engine, native } = scripted(() => 'x');
  const flow = new Workflow();
  const long = flow.ask('long', { prompt: 'x'.repeat(200_000), retries: 5 });
  expect(await codeOf(() => flow.plan({ long }).run(engine))).toBe('PROMPT_TOO_LONG');
  expect(native.requests).toHaveLength(0);
});

test('code that throws ends the run with what it threw; its signal has been aborted when the run is over', async () => {
  const { engine } = scripted(() => ENDLESS);
  const flow = new Workflow();
  let signal: AbortSignal | undefined;
  const waits = flow.code('waits', {}, async (_values, context) => {
    signal = context.signal;
    await new Promise((resolve) => context.signal.addEventListener('abort', resolve));
  });
  const fails = flow.code('fails', {}, () => {
    throw new RangeError('mine');
  });
  await expect(flow.plan({ waits, fails }).run(engine).result).rejects.toThrow('mine');
  expect(signal?.aborted).toBe(true);
});

test('abort and cancel end all nodes', async () => {
  const { engine, native } = scripted(() => ENDLESS);
  const flow = new Workflow();
  const outputs = { a: flow.ask('a', { prompt: 'a' }), b: flow.ask('b', { prompt: 'b' }) };
  const stop = new AbortController();
  const aborted = flow.plan(outputs).run(engine, {}, { signal: stop.signal });
  const cancelled = flow.plan(outputs).run(engine);
  await turn();
  await turn();
  stop.abort(new Error('enough'));
  cancelled.cancel();
  expect(await errorOf(() => aborted)).toMatchObject({ code: 'ABORTED', cause: stop.signal.reason });
  expect(await codeOf(() => cancelled)).toBe('ABORTED');
  await turn();
  expect((await native.stats()).running).toBe(0);
  expect(await codeOf(() => flow.plan(outputs).run(engine, {}, { signal: AbortSignal.abort() }))).toBe('ABORTED');
});

test('a pipe reads the text while it is written, also with one node at a time, and anew after a failure', async () => {
  let tries = 0;
  const { engine } = scripted(() => {
    if (tries++ === 0) return { steps: ['a', 'b'], error: { code: 'STEP_FAILED', message: 'no luck' } };
    return { steps: ['one ', 'two ', 'three'] };
  });
  const flow = new Workflow();
  const story = flow.ask('story', { prompt: 'tell', retries: 1 });
  const words = flow.pipe('words', story, async (pieces) => {
    const found: string[] = [];
    for await (const piece of pieces) found.push(piece);
    return found;
  });
  const run = flow.plan({ words, story }).run(engine, {}, { atOnce: 1 });
  const events = await collect(run);
  expect((await run).outputs).toEqual({ words: ['one ', 'two ', 'three'], story: 'one two three' });
  const told = events.map((event) => `${event.type} ${event.node}`);
  expect(told.indexOf('started words')).toBeLessThan(told.indexOf('ended story'));
});

test('a memo: what was answered once is not asked again, nor computed, and conversations go on from it', async () => {
  const { engine, native } = scripted(echo);
  const flow = new Workflow();
  const topic = flow.input('topic');
  const draft = flow.ask('draft', { prompt: text`write ${topic}`, temperature: 0 });
  const more = flow.ask('more', { prompt: 'more', follows: draft, temperature: 0 });
  const loose = flow.ask('loose', { prompt: text`${more}`, temperature: 1 });
  const plan = flow.plan({ more, loose });
  const memo = new Memo();
  const first = await plan.run(engine, { topic: 'tea' }, { memo });
  const second = await plan.run(engine, { topic: 'tea' }, { memo });
  expect(second.outputs).toEqual(first.outputs);
  expect(native.requests).toHaveLength(3 + 1);
  expect(memo.stats).toEqual({ hits: 2, misses: 2, bypassed: 2 });
  expect(second.nodes.find(({ name }) => name === 'draft')?.attempts).toBe(0);
  expect(second.usage.promptTokens).toBe(second.nodes.find(({ name }) => name === 'loose')?.usage?.promptTokens);
  await plan.run(engine, { topic: 'coffee' }, { memo });
  expect(native.requests).toHaveLength(4 + 3);
});

test('agents are nodes', async () => {
  const add = defineTool({
    ...{ name: 'add', description: '', input: z.object({ a: z.number(), b: z.number() }) },
    execute: ({ a, b }) => a + b,
  });
  const { engine } = scripted((prompt) => {
    const result = /<\|tool\|>([^<]*)<\|end\|>\n<\|assistant\|>$/.exec(prompt)?.[1];
    return result === undefined ? callText('c', 'add', '{"a":2,"b":3}') : `It is ${result}.`;
  });
  const flow = new Workflow();
  const sum = flow.agent('sum', new Agent({ engine, tools: [add] }), text`add ${2} and ${3}`);
  const { outputs, usage } = await flow.plan({ sum }).run(engine);
  expect(outputs.sum).toBe('It is 5.');
  expect(usage.promptTokens).toBeGreaterThan(0);
});

test('what is wrong is said when it is written down, with the field', async () => {
  const { engine } = scripted(echo);
  const flow = new Workflow();
  const input = flow.input('in');
  const node = flow.ask('node', { prompt: text`${input}` });
  const foreign = new Workflow().input('in');
  const field = async (make: () => unknown) => (await errorOf(make)).field;
  expect(await field(() => flow.input('in'))).toBe('name');
  expect(await field(() => flow.ask('a', { prompt: text`${foreign}` }))).toBe('prompt');
  expect(await field(() => flow.ask('b', { prompt: {} as never }))).toContain('prompt');
  expect(await field(() => flow.ask('c', { prompt: 'x', temperature: -1 }))).toBe('temperature');
  expect(await field(() => flow.ask('d', { prompt: 'x', retries: -1 }))).toBe('retries');
  expect(await field(() => flow.ask('e', { prompt: 'x', follows: input }))).toBe('follows');
  expect(await field(() => flow.ask('f', { prompt: 'x', follows: node, system: 's' }))).toBe('system');
  expect(await field(() => flow.ask('g', { prompt: 'x', nosuch: 1 } as never))).toBe('nosuch');
  expect(await field(() => flow.code('h', { foreign }, () => 1))).toBe('inputs.foreign');
  expect(await field(() => flow.pipe('i', input, () => 1))).toBe('source');
  expect(await field(() => flow.plan({}))).toBe('outputs');
  expect(await field(() => flow.plan({ node }).run(engine))).toBe('inputs.in');
  expect(await field(() => flow.plan({ node }).run(engine, { in: 'x' }, { atOnce: 0 }))).toBe('atOnce');
});

test('a graph is drawn as Mermaid and as SVG, with names that have marks of their own', () => {
  const flow = new Workflow();
  const input = flow.input('topic "x" <&>');
  const a = flow.ask('a', { prompt: text`${input}` });
  const b = flow.code('b', { a }, () => 1);
  const c = flow.pipe('c', a, () => 1);
  const plan = flow.plan({ b, c });
  expect(plan.mermaid()).toMatchInlineSnapshot(`
    "flowchart LR
      n0(["topic #34;x#34; #60;#38;#62;"])
      n1["a"]
      n2{{"b"}}
      n3>"c"]
      n0 --> n1
      n1 --> n2
      n1 -.-> n3
      n2 --> o0(["b"])
      n3 --> o1(["c"])
    "
  `);
  const drawn = plan.svg();
  expect(drawn).toContain('topic &#34;x&#34; &#60;&#38;&#62;');
  expect(drawn.match(/<rect/g)).toHaveLength(4);
  expect(drawn.match(/<path/g)).toHaveLength(3);
});
