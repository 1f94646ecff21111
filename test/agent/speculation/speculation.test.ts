import { expect, onTestFinished, test, vi } from 'vitest';
import { Agent } from '../../../src/agent/agent.js';
import type { CallRule } from '../../../src/agent/speculation/run-past.js';
import { defineTool, type Tool } from '../../../src/agent/tool.js';
import { deferred } from '../../../testing/engine/deferred.js';
import { scripted } from '../../../testing/engine/scripted-engine.js';
import { codeOf } from '../../support/expect-code.js';
import { CrashingJournal, MemoryJournal } from '../../support/memory-journal.js';
import { agentOf, once, read, reading, says, until } from './support.js';

// Calls of pure tools that begin before the model makes them.

const NONE = { hits: 0, misses: 0, wastedCalls: 0, wastedMs: 0, savedMs: 0 };

/** A run whose model thinks so long about a call of a tool that takes 2 s. */
async function timed(thinksMs: number, guess: string) {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const { tool, asked } = reading((path) => new Promise((resolve) => setTimeout(() => resolve(path), 2_000)));
  const { agent, native } = agentOf(once(read('a.txt')), [tool], { rules: [says(guess)] });
  native.paused = true;
  const run = agent.run('go');
  await until(() => native.requests.length === 1 && asked.length === 1);
  await vi.advanceTimersByTimeAsync(thinksMs);
  native.resume();
  let over = false;
  void run.result.then(() => {
    over = true;
  });
  for (let turns = 0; turns < 100; turns++) await new Promise(setImmediate);
  while (!over) {
    await vi.advanceTimersByTimeAsync(100);
    for (let turns = 0; turns < 100 && !over; turns++) await new Promise(setImmediate);
  }
  return { ...(await run), asked };
}

test.each([
  { thinksMs: 3_000, totalMs: 3_000, toolMs: 0, savedMs: 2_000 }, // the whole tool is off the critical path
  { thinksMs: 500, totalMs: 2_000, toolMs: 1_500, savedMs: 500 },
])('a hit while the model thinks $thinksMs ms of a tool of 2 s: $totalMs ms in all', async (form) => {
  const { usage, speculation, asked, steps } = await timed(form.thinksMs, 'a.txt');
  expect(usage).toMatchObject({ totalMs: form.totalMs, toolMs: form.toolMs, toolCalls: 1 });
  expect(speculation).toEqual({ ...NONE, hits: 1, savedMs: form.savedMs });
  expect(asked).toEqual(['a.txt']);
  expect(steps[0]?.tools[0]).toMatchObject({ ok: true, content: 'a.txt', ms: 2_000 });
});

test('a miss costs no time: the call that the model made begins when it would have', async () => {
  const { usage, speculation, asked } = await timed(3_000, 'b.txt');
  expect(usage).toMatchObject({ totalMs: 5_000, toolMs: 2_000 });
  expect(speculation).toEqual({ ...NONE, misses: 1, wastedCalls: 1, wastedMs: 2_000 });
  expect(asked).toEqual(['b.txt', 'a.txt']);
});

test('what the model does not call is aborted when its turn is over', async () => {
  const aborted = deferred<unknown>();
  const { tool } = reading((path, { signal }) => {
    if (path === 'a.txt') return 'text';
    return new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => {
        aborted.resolve(signal.reason);
        reject(signal.reason);
      });
    });
  });
  const { agent } = agentOf(once(read('a.txt')), [tool], { rules: [says('b.txt')] });
  expect((await agent.run('go')).speculation).toMatchObject({ hits: 0, misses: 1, wastedCalls: 1 });
  expect(String(await aborted.promise)).toContain('did not make this call');
});

test('tools that are not pure never run ahead, nor does anything in a step that must answer', async () => {
  const asked: string[] = [];
  const tool = defineTool({
    ...{ name: 'read', description: '', input: { type: 'object' } },
    execute: (input) => void asked.push(JSON.stringify(input)),
  });
  const { agent } = agentOf(once(read('a.txt')), [tool], { rules: [says('a.txt', 'b.txt')] });
  expect((await agent.run('go')).speculation).toEqual(NONE);
  expect(asked).toEqual(['{"path":"a.txt"}']);
  const pure = reading();
  const last = agentOf(() => 'done', [pure.tool], { rules: [says('a.txt')] }, { limits: { maxSteps: 1 } });
  expect((await last.agent.run('go')).speculation).toEqual(NONE);
  expect(pure.asked).toEqual([]);
});

test('a call that failed ahead is made again: its failure is never the model’s', async () => {
  let tries = 0;
  const { tool } = reading(() => {
    if (++tries === 1) throw new Error('too early');
    return 'text';
  });
  const { agent } = agentOf(once(read('a.txt')), [tool], { rules: [says('a.txt')] });
  const { steps, speculation } = await agent.run('go');
  expect(steps[0]?.tools[0]).toMatchObject({ ok: true, content: 'text' });
  expect(speculation).toMatchObject({ hits: 0, misses: 1, wastedCalls: 1 });
});

test('arguments that the tool would refuse are not tried', async () => {
  const { tool, asked } = reading();
  const rules = [
    () => [
      { name: 'read', input: { path: 7 } },
      { name: 'nothing', input: {} },
    ],
  ];
  const { agent } = agentOf(once(read('a.txt')), [tool], { rules });
  expect((await agent.run('go')).text).toBe('done');
  expect(asked).toEqual(['a.txt']);
});

test.each([
  [
    'throws',
    () => {
      throw new Error('no');
    },
  ],
  ['says nothing', () => undefined],
  ['is not sure', () => ({ name: 'read', input: { path: 'b' }, probability: 0.79 })],
  ['has no number', () => ({ name: 'read', input: { path: 'b' }, probability: Number.NaN })],
  ['says no call', () => [null] as never],
  ['says what is no JSON', () => ({ name: 'read', input: { path: 1n } })],
])('a rule that %s begins nothing', async (_what, rule) => {
  const { tool, asked } = reading();
  const { agent } = agentOf(once(read('a.txt')), [tool], { rules: [rule] });
  expect((await agent.run('go')).speculation).toEqual({ ...NONE, misses: 1 });
  expect(asked).toEqual(['a.txt']);
});

test('arguments are equal as canonical JSON; of two equal calls one is served', async () => {
  const { tool, asked } = reading();
  const rules: CallRule[] = [
    ({ calls }) => (calls.length > 0 ? undefined : { name: 'read', input: { n: 1, path: 'a' } }),
  ];
  const call = '[call c read { "path": "a", "n": 1.0 }]';
  const loose: Tool = { ...tool, check: async () => ({ ok: true, value: { path: 'a' } }) };
  const { agent } = agentOf(once(call + call), [loose], { rules });
  expect((await agent.run('go')).speculation).toMatchObject({ hits: 1, misses: 1, wastedCalls: 0 });
  expect(asked).toHaveLength(2);
});

test('so many run ahead at a time, over all runs of a predictor; one that does not let go keeps its place', async () => {
  const gate = deferred<string>();
  const { tool, asked } = reading((path) => (path === 'x' ? 'x' : gate.promise));
  const { agent, predictor } = agentOf(once(read('x')), [tool], { rules: [says('a', 'b', 'c', 'd')], parallel: 3 });
  const { speculation } = await agent.run('go');
  expect(asked.filter((path) => path !== 'x')).toEqual(['a', 'b', 'c']);
  expect(speculation).toMatchObject({ wastedCalls: 3 });
  await agent.run('again');
  expect(asked.filter((path) => path !== 'x')).toEqual(['a', 'b', 'c']);
  gate.resolve('late');
  await until(() => predictor.admit());
  predictor.release();
  await agent.run('and again');
  expect(asked.filter((path) => path !== 'x')).toHaveLength(6);
});

test('an abort ends what runs ahead', async () => {
  const ended = deferred<void>();
  const { tool, asked } = reading((_path, { signal }) => {
    return new Promise(() => signal.addEventListener('abort', () => ended.resolve()));
  });
  const { agent, native } = agentOf(once(read('a')), [tool], { rules: [says('a')] });
  native.paused = true;
  const stop = new AbortController();
  const rejected = codeOf(() => agent.run('go', { signal: stop.signal }));
  await until(() => asked.length === 1);
  stop.abort();
  native.resume();
  await ended.promise;
  expect(await rejected).toBe('ABORTED');
});

test('calls beyond the limit are refused, also those that ran ahead', async () => {
  const { tool } = reading();
  const script = once(read('a') + read('b'));
  const { agent } = agentOf(script, [tool], { rules: [says('a', 'b')] }, { limits: { maxToolCalls: 1 } });
  const { steps, speculation } = await agent.run('go');
  expect(steps[0]?.tools.map(({ ok }) => ok)).toEqual([true, false]);
  expect(speculation).toMatchObject({ hits: 1, wastedCalls: 1 });
});

test('the scheduler hears of a tool that is awaited, not of one that is done', async () => {
  const kinds = async (done: boolean) => {
    const gate = deferred<string>();
    const { tool, asked } = reading(() => gate.promise);
    const { agent, native } = agentOf(once(read('a')), [tool], { rules: [says('a')] });
    native.paused = true;
    const run = agent.run('go');
    await until(() => asked.length === 1);
    if (done) gate.resolve('early');
    await new Promise(setImmediate);
    native.resume();
    if (!done) await until(() => native.hints.length > 0);
    gate.resolve('late');
    await run;
    return native.hints.map(({ kind }) => kind).filter((kind) => kind !== 'next-prefix');
  };
  expect(await kinds(true)).toEqual(['finished']);
  expect(await kinds(false)).toEqual(['tool-started', 'tool-ended', 'finished']);
});

test('a conversation is of its session’s tenant, not of the agent’s: what it teaches stays there', async () => {
  const { tool, asked } = reading();
  const { agent, engine } = agentOf(once(read('a')), [tool], {}, { tenant: 'c' });
  const hits = async (tenant: string) => {
    const session = engine.session({ tenant, tools: [tool] });
    return (await agent.run('go', { session })).speculation?.hits;
  };
  for (let n = 0; n < 6; n++) await hits('a');
  expect([await hits('a'), await hits('b'), (await agent.run('go')).speculation?.hits]).toEqual([1, 0, 0]);
  expect(asked).toHaveLength(9);
});

test('a run that was cut off teaches nothing', async () => {
  const { tool } = reading();
  const { agent, native, predictor } = agentOf(() => ({ steps: [read('a'), ' and'] }), [tool], {});
  const run = agent.run('go');
  for await (const { type } of run) if (type === 'tool-call') run.cancel();
  expect(native.cancelled).toHaveLength(1);
  expect((await run).stopReason).toBe('cancelled');
  expect(predictor.contexts).toBe(0);
});

const withoutTimes = ({ lines }: MemoryJournal) =>
  lines.map((line) => line.replace(/"ms":[\d.e-]+/g, '').replace(/[0-9a-f]{8}-[-0-9a-f]{27}/g, ''));

test('a journal says of a hit what it says without: its call, then its result', async () => {
  const journals = [new MemoryJournal(), new MemoryJournal()] as const;
  for (const [index, journal] of journals.entries()) {
    const { tool } = reading();
    const { agent } = agentOf(once(read('a')), [tool], { rules: index === 0 ? [says('a', 'b')] : [] }, { seed: 1 });
    const { speculation } = await agent.run('go', { journal });
    expect(speculation?.hits).toBe(1 - index);
  }
  expect(withoutTimes(journals[0])).toEqual(withoutTimes(journals[1]));
  expect(journals[0].lines.join()).not.toContain('"b"');
});

test('after a crash at any entry the run goes on as without: a pure tool gets its call again', async () => {
  const { engine } = scripted(once(read('a')));
  const { tool } = reading();
  const predicting = agentOf(once(read('a')), [tool], { rules: [says('a')] }, { seed: 1 }).agent;
  const whole = new MemoryJournal();
  const { text } = await predicting.run('go', { journal: whole });
  for (let at = 1; at < whole.lines.length; at++) {
    const journal = new CrashingJournal(at, true);
    void predicting.run('go', { journal }).result.catch(() => {});
    await journal.crashed;
    for (const agent of [predicting, new Agent({ engine, tools: [tool], seed: 1 })]) {
      const resumed = await agent.resume(new MemoryJournal(journal.lines));
      expect(resumed.text, `after entry ${at}`).toBe(text);
      expect(resumed.steps[0]?.tools[0]).toMatchObject({ ok: true, content: 'text of a' });
    }
  }
});
