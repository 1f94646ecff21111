import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Agent } from '../../src/agent/agent.js';
import type { AgentEvent } from '../../src/agent/agent-events.js';
import type { AgentOptions } from '../../src/agent/agent-options.js';
import type { Journal, JournalEntry } from '../../src/agent/journal/journal.js';
import { defineTool } from '../../src/agent/tool.js';
import { deferred } from '../../testing/engine/deferred.js';
import { type Script, scripted } from '../../testing/engine/scripted-engine.js';
import { callText } from '../../testing/engine/scripted-text.js';
import { codeOf, errorOf } from '../support/expect-code.js';
import { MemoryJournal } from '../support/memory-journal.js';

const twoCalls: Script = (prompt) =>
  prompt.includes('<|tool|>') ? 'Sent.' : callText('c0', 'send', '{"to":"a"}') + callText('c1', 'send', '{"to":"b"}');

type Send = (to: string, signal: AbortSignal) => unknown;

function sender(send: Send = () => 'sent', options: Partial<AgentOptions> = {}, script: Script = twoCalls) {
  const { engine, native } = scripted(script);
  const sent: string[] = [];
  const tool = defineTool({
    name: 'send',
    description: 'Sends a message',
    input: z.object({ to: z.string() }),
    execute: ({ to }, { signal }) => {
      sent.push(to);
      return send(to, signal);
    },
  });
  return { agent: new Agent({ engine, system: 'S', tools: [tool], ...options }), engine, native, sent };
}

async function collect(run: AsyncIterable<AgentEvent>): Promise<AgentEvent[]> {
  const events: AgentEvent[] = [];
  for await (const event of run) events.push(event);
  return events;
}

/** What happened, without how long it took. */
const shapes = (events: readonly AgentEvent[]) =>
  events.map((event) => {
    if (event.type === 'text') return event.text;
    if (event.type === 'tool-call') return `${event.call.name} ${event.call.arguments}`;
    return event.type === 'tool-result' ? event.outcome.content : event.type;
  });

async function finishedLines(): Promise<string[]> {
  const journal = new MemoryJournal();
  await sender().agent.run('Go', { journal });
  return journal.lines;
}

test('what is written, and when', async () => {
  const journal = new MemoryJournal();
  const seen: string[][] = [];
  const { agent } = sender(() => seen.push(journal.entries().map(({ type }) => type)));
  await agent.run('Go', { journal });
  expect(seen[0]?.slice(0, 3)).toEqual(['run', 'turn', 'call']); // before the first tool got its call
  const types = journal.entries().map(({ type }) => type);
  expect(types).toEqual(['run', 'turn', 'call', 'call', 'result', 'result', 'turn', 'end']);
});

test('a run that has ended gives its answer again, without the model and the tools', async () => {
  const first = sender();
  const journal = new MemoryJournal();
  const run = first.agent.run('Go', { journal });
  const [events, result] = [await collect(run), await run];
  const second = sender();
  const again = second.agent.resume(new MemoryJournal(journal.lines));
  expect(shapes(await collect(again))).toEqual(shapes(events));
  const { text, stopReason, steps, usage, trace } = await again;
  const untimed = steps.map((step, index) => ({ ...step, toolMs: result.steps[index]?.toolMs }));
  expect({ text, stopReason, steps: untimed }).toEqual({
    text: result.text,
    stopReason: 'answer',
    steps: result.steps,
  });
  expect(steps[0]?.toolMs).toBeGreaterThanOrEqual(steps[0]?.tools[0]?.ms ?? Number.NaN);
  expect(usage.outputTokens).toBe(result.usage.outputTokens);
  expect(trace).toEqual([]);
  expect([second.native.requests, second.native.renders, second.sent]).toEqual([[], [], []]);
  expect(again.session.tokens).toEqual(run.session.tokens);
  expect(again.session.messages).toEqual(run.session.messages);
});

test('a journal costs a run nothing of its answer, and its steps count the seed on', async () => {
  const { agent, native } = sender(undefined, { seed: 2 ** 32 - 1 });
  const [plain, kept] = [await agent.run('Go'), await agent.run('Go', { journal: new MemoryJournal() })];
  expect(kept.text).toBe(plain.text);
  expect(native.requests.map(({ sampling }) => sampling.seed)).toEqual([2 ** 32 - 1, 0, 2 ** 32 - 1, 0]);
});

test('the conversation of a resumed run goes on like any other', async () => {
  const { agent, native } = sender();
  const resumed = agent.resume(new MemoryJournal(await finishedLines()));
  await resumed;
  await agent.run('And now?', { session: resumed.session });
  const prompt = native.requests[0]?.prompt ?? new Int32Array();
  const past = resumed.session.tokens.length;
  expect(prompt.length).toBeLessThan(past);
  expect([...prompt]).toEqual([...resumed.session.tokens.subarray(0, prompt.length)]);
});

describe('ends that are none: the run goes on', () => {
  test('aborted in a tool: its outcome is unknown', async () => {
    const stop = new AbortController();
    const journal = new MemoryJournal();
    const { agent, sent } = sender((to) => {
      if (to === 'a') return 'sent';
      stop.abort();
      return new Promise(() => {});
    });
    expect(await codeOf(() => agent.run('Go', { journal, signal: stop.signal }))).toBe('ABORTED');
    expect(journal.lines.join()).not.toContain('"end"');
    const { text, steps } = await agent.resume(journal);
    expect(text).toBe('Sent.');
    expect(steps[0]?.tools[1]).toMatchObject({ ok: false, content: expect.stringContaining('unknown') });
    expect(sent).toEqual(['a', 'b']);
  });

  test('aborted in a turn: the turn is generated again', async () => {
    const stop = new AbortController();
    const journal = new MemoryJournal();
    const { agent } = sender(undefined, {}, () => ({ steps: ['one ', 'two ', 'three'] }));
    const run = agent.run('Go', { journal, signal: stop.signal });
    const reading = (async () => {
      for await (const event of run) if (event.type === 'text') stop.abort();
    })();
    expect(await codeOf(() => run)).toBe('ABORTED');
    await reading.catch(() => {});
    expect(journal.entries().map(({ type }) => type)).toEqual(['run']);
    expect(await agent.resume(journal)).toMatchObject({ text: 'one two three', stopReason: 'answer' });
  });

  test('the engine failed', async () => {
    const journal = new MemoryJournal();
    const failing = sender(undefined, {}, (prompt, request) =>
      prompt.includes('<|tool|>')
        ? { steps: [], error: { code: 'ENGINE_FAILED', message: 'no' } }
        : twoCalls(prompt, request),
    );
    expect(await codeOf(() => failing.agent.run('Go', { journal }))).toBe('ENGINE_FAILED');
    const { agent, sent } = sender();
    expect((await agent.resume(journal)).text).toBe('Sent.');
    expect([failing.sent, sent]).toEqual([['a', 'b'], []]);
  });
});

test.each([
  ['in a turn', ['one ', 'two']],
  ['before its first token', []],
])('cancelled %s: that is an end, and it comes again', async (_when, steps) => {
  const journal = new MemoryJournal();
  const { agent, native } = sender(undefined, {}, () => ({ steps: [...steps, 'never'] }));
  native.paused = steps.length === 0;
  const run = agent.run('Go', { journal });
  if (native.paused) {
    while (native.requests.length === 0) await new Promise(setImmediate);
    run.cancel();
    native.resume();
  } else for await (const event of run) if (event.type === 'text') break;
  const result = await run;
  expect(result.stopReason).toBe('cancelled');
  const { text, stopReason, steps: recorded } = await agent.resume(journal);
  expect({ text, stopReason, recorded }).toEqual({
    text: result.text,
    stopReason: 'cancelled',
    recorded: result.steps,
  });
  expect(native.requests).toHaveLength(1);
});

describe('a journal that fails', () => {
  const full = Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' });

  test.each([0, 1, 2, 3, 4, 5, 6, 7])('in append %d: nothing is done that is not on record', async (at) => {
    let appends = 0;
    const signals: AbortSignal[] = [];
    const { agent, sent } = sender((_to, signal) => {
      signals.push(signal);
      return 'sent';
    });
    const journal = new MemoryJournal();
    const failing: Journal = {
      entries: () => journal.entries(),
      append: (entry) => (appends++ === at ? Promise.reject(full) : journal.append(entry)),
    };
    const error = await errorOf(() => agent.run('Go', { journal: failing }));
    expect(error).toMatchObject({ code: 'JOURNAL_FAILED', field: 'journal', cause: full });
    expect(sent).toHaveLength(journal.entries().filter(({ type }) => type === 'call').length);
    expect(appends).toBe(at + 1); // and nothing after it
    const before = sent.length;
    const rest = journal.lines.length > 0 ? agent.resume(journal) : agent.run('Go', { journal });
    expect((await rest).text).toBe('Sent.');
    expect(sent.length).toBeLessThanOrEqual(2);
    expect(sent.length).toBeGreaterThanOrEqual(before);
  });

  test('while another tool runs: that one is told to stop', async () => {
    const told = deferred<unknown>();
    const started = deferred<void>();
    const { agent } = sender((to, signal) => {
      if (to === 'b') return started.promise;
      signal.addEventListener('abort', () => told.resolve(signal.reason));
      started.resolve();
      return new Promise(() => {});
    });
    const journal: Journal = {
      entries: () => [],
      append: ({ type }) => (type === 'result' ? Promise.reject(full) : undefined),
    };
    expect(await codeOf(() => agent.run('Go', { journal }))).toBe('JOURNAL_FAILED');
    expect(await told.promise).toBeInstanceOf(Error);
  });

  test('reading', async () => {
    const broken: Journal = { entries: () => Promise.reject(new TypeError('gone')), append: () => {} };
    const { agent } = sender();
    for (const start of [() => agent.run('Go', { journal: broken }), () => agent.resume(broken)])
      expect(await errorOf(start)).toMatchObject({ code: 'JOURNAL_FAILED', message: expect.stringContaining('gone') });
  });
});

describe('whose journal it is', () => {
  test.each([
    ['system', { system: 'T' }],
    ['tools', { tools: [] }],
    ['options', { temperature: 0.1 }],
    ['options', { tenant: 'other' }],
    ['limits', { limits: { maxSteps: 3 } }],
    ['limits', { forceTools: 1 }],
  ])('an agent with other %s is refused', async (field, options) => {
    const { agent, native } = sender(undefined, options);
    const error = await errorOf(async () => agent.resume(new MemoryJournal(await finishedLines())));
    expect(error).toMatchObject({ code: 'JOURNAL_MISMATCH', field });
    expect(native.requests).toEqual([]);
  });

  test('another model is refused, and who goes first makes no other agent', async () => {
    const lines = await finishedLines();
    const { agent, native } = sender();
    Object.assign(native.info, { digest: 'another' });
    expect(await errorOf(() => agent.resume(new MemoryJournal(lines)))).toMatchObject({ field: 'model' });
    const patient = sender(undefined, { class: 'background', limits: { timeoutMs: 60_000 }, seed: 3 });
    expect((await patient.agent.resume(new MemoryJournal(lines))).text).toBe('Sent.');
  });

  test('one run a journal, one journal a run', async () => {
    const { agent } = sender();
    const journal = new MemoryJournal();
    const running = agent.run('Go', { journal });
    expect(await codeOf(() => agent.resume(journal))).toBe('JOURNAL_BUSY');
    await running;
    expect(await codeOf(() => agent.run('Go', { journal }))).toBe('JOURNAL_MISMATCH');
    expect(await codeOf(() => agent.resume(new MemoryJournal()))).toBe('JOURNAL_MISMATCH');
    expect((await agent.resume(journal)).text).toBe('Sent.');
  });

  test.each([7, '', {}, null, { append: () => {} }])('%s is no journal', async (journal) => {
    const { agent } = sender();
    const expected = { code: 'INVALID_OPTION', field: 'journal' };
    expect(await errorOf(() => agent.run('Go', { journal: journal as never }))).toMatchObject(expected);
    expect(await errorOf(() => agent.resume(journal as never))).toMatchObject(expected);
  });

  test('a conversation that has begun elsewhere is not in it', async () => {
    const { agent, engine } = sender();
    const both = { session: engine.session(), journal: new MemoryJournal() };
    expect(await errorOf(() => agent.run('Go', both))).toMatchObject({ code: 'INVALID_OPTION', field: 'journal' });
  });

  test('an input that is none begins no journal', async () => {
    const { agent } = sender();
    const journal = new MemoryJournal();
    expect(await codeOf(() => agent.run([{ role: 'you' }] as never, { journal }))).toBe('INVALID_MESSAGES');
    expect(await codeOf(() => agent.run(undefined as never, { journal }))).toBe('INVALID_MESSAGES');
    expect(journal.lines).toEqual([]);
  });
});

test('what a reader of the lines sees', async () => {
  const entries = (await finishedLines()).map((line): JournalEntry => JSON.parse(line));
  const [run, turn, call] = entries;
  expect(run).toMatchObject({ version: 2, input: 'Go' });
  expect(turn).toMatchObject({
    step: 0,
    turn: { finishReason: 'tool-calls', message: { toolCalls: [{ id: 'c0' }, {}] } },
  });
  expect(call).toEqual({ type: 'call', step: 0, index: 0, key: `${(run as { id: string }).id}.0.0` });
});
