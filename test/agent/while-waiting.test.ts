import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { z } from 'zod';
import { Agent } from '../../src/agent/agent.js';
import type { AgentOptions } from '../../src/agent/agent-options.js';
import { defineTool } from '../../src/agent/tool.js';
import type { ChatMessage } from '../../src/chat/chat-message.js';
import { Engine } from '../../src/engine/engine.js';
import type { Session } from '../../src/engine/session.js';
import { type Deferred, deferred } from '../../testing/engine/deferred.js';
import { ENDING_MODEL, openEngine } from '../../testing/engine/random-engine.js';
import { type Script, type ScriptedEngine, scripted } from '../../testing/engine/scripted-engine.js';
import { callText, decode } from '../../testing/engine/scripted-text.js';
import { codeOf } from '../support/expect-code.js';
import { MemoryJournal } from '../support/memory-journal.js';

// While tools run, what of the next prompt depends on no open call is told to the engine, which computes it when it has
// nothing else to do.

const open: Engine[] = [];
afterEach(async () => {
  for (const engine of open.splice(0)) await engine.close();
});

/** A tool whose calls end when the test says so. */
function gated() {
  const gates = new Map<string, Deferred<unknown>>();
  const started = new Map<string, Deferred<void>>();
  const of = <T>(map: Map<string, Deferred<T>>, at: string) => {
    const found = map.get(at) ?? deferred<T>();
    map.set(at, found);
    return found;
  };
  const tool = defineTool({
    name: 'wait',
    description: 'Waits',
    input: z.object({ at: z.string().max(4) }),
    execute: ({ at }) => {
      of(started, at).resolve();
      return of(gates, at).promise;
    },
  });
  return { tool, gate: (at: string) => of(gates, at), begun: (at: string) => of(started, at).promise };
}

const call = (at: string) => callText(at, 'wait', JSON.stringify({ at }));
const once: (calls: string) => Script = (calls) => (prompt) => (prompt.includes('<|tool|>') ? 'done' : calls);

function agentOf(script: Script, options: Partial<AgentOptions> = {}) {
  const { engine, native } = scripted(script);
  open.push(engine);
  const gates = gated();
  return { engine, native, ...gates, agent: new Agent({ engine, tools: [gates.tool], ...options }) };
}

const told = (native: ScriptedEngine) =>
  native.hints.flatMap(({ kind, tokens }) => (kind === 'next-prefix' ? [decode(tokens, true)] : []));

/** Turns of the event loop until it holds. */
async function until(holds: () => boolean): Promise<void> {
  for (let turns = 0; !holds(); turns++) {
    if (turns > 10_000) throw new Error('not reached');
    await new Promise(setImmediate);
  }
}

test('the prompt is told up to the first result that is not there, and again when that comes', async () => {
  const { agent, native, gate } = agentOf(once(call('a') + call('b')));
  const run = agent.run('go');
  await until(() => told(native).length === 1);
  gate('a').resolve('first');
  await until(() => told(native).length === 2);
  gate('b').resolve('second');
  await run;
  const sent = decode(native.requests[1]?.prompt ?? [], true);
  const [before, between] = told(native) as [string, string];
  expect(sent.startsWith(before)).toBe(true);
  expect(sent.slice(before.length)).toMatch(/^first/);
  expect(sent.startsWith(between)).toBe(true);
  expect(sent.slice(between.length)).toMatch(/^second/);
  expect(told(native)).toHaveLength(2);
  expect(native.hints.every(({ program }) => program === native.requests[0]?.program)).toBe(true);
});

test('a later result that comes first is told only when those before it are there', async () => {
  const { agent, native, gate } = agentOf(once(call('a') + call('b') + call('c')));
  const run = agent.run('go');
  await until(() => told(native).length === 1);
  gate('b').resolve('second');
  await new Promise(setImmediate);
  gate('a').resolve('first');
  await until(() => told(native).length === 2);
  expect(told(native)[1]).toContain('second');
  gate('c').resolve('third');
  await run;
});

test.each([
  ['tools that answer at once', {}, undefined],
  ['a session whose prompts are not cached', { cache: false }, 'late'],
  ['the last step that a run may have', { limits: { maxSteps: 1 } }, 'late'],
])('%s: nothing is told', async (_what, options, late) => {
  const { agent, native, gate, begun } = agentOf(once(call('a')), options);
  if (!late) gate('a').resolve('at once');
  const run = agent.run('go');
  if (late) {
    await begun('a');
    for (let turns = 0; turns < 20; turns++) await new Promise(setImmediate);
    gate('a').resolve(late);
  }
  await run;
  expect(told(native)).toEqual([]);
});

test('a journalled run tells it too, its tools start when the turn is written', async () => {
  const { agent, native, gate } = agentOf(once(call('a')));
  const run = agent.run('go', { journal: new MemoryJournal() });
  await until(() => told(native).length === 1);
  gate('a').resolve('x');
  expect((await run).text).toBe('done');
});

test('three tools of 2 s in one turn take 2 s', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const sleeps = defineTool({
    name: 'wait',
    description: 'Waits',
    input: z.object({ at: z.string() }),
    execute: () => new Promise((resolve) => setTimeout(resolve, 2_000)),
  });
  const { engine, native } = scripted(once(call('a') + call('b') + call('c')));
  const run = new Agent({ engine, tools: [sleeps] }).run('go');
  await until(() => vi.getTimerCount() >= 6 && told(native).length === 1); // each with its limit
  vi.advanceTimersByTime(2_000);
  const { steps, usage } = await run;
  expect(steps[0]?.toolMs).toBe(2_000);
  expect(usage).toMatchObject({ toolMs: 2_000, totalMs: 2_000, toolCalls: 3 });
});

/** A text with which the prompt of the session's next turn has so many tokens. */
async function padded(session: Session, tokens: number, message: (text: string) => ChatMessage[]): Promise<string> {
  let text = 'x';
  for (let count = 0; ; ) {
    count = await session.countTokens(message(text));
    if (tokens - count < 16) break;
    text += ' a'.repeat(Math.floor((tokens - count) / 8));
  }
  const endings = ['.', 'b', ' c', ' go'].flatMap((end) => Array.from({ length: 20 }, (_, n) => end.repeat(n)));
  for (const end of endings) if ((await session.countTokens(message(text + end))) === tokens) return text + end;
  throw new Error(`no text gives ${tokens} tokens`);
}

describe('on a real model', () => {
  test('what is told is computed while the tool runs: its step computes the result alone', async () => {
    const engine = await openEngine(ENDING_MODEL);
    open.push(engine);
    const ahead = (async () => {
      for await (const { kind } of engine.decisions()) if (kind === 'ahead') return;
    })();
    const tool = defineTool({
      name: 'look',
      description: 'Looks',
      input: z.object({ n: z.number().int().max(9) }),
      execute: () => ahead.then(() => engine.stats()).then(() => 'r'), // answered when that step is over
    });
    const options = {
      temperature: 0,
      forceTools: 1,
      maxTokens: 120,
      parallelToolCalls: false,
      limits: { maxSteps: 2 },
    };
    const run = new Agent({ engine, tools: [tool], ...options }).run('go');
    const { steps } = await run;
    const [first, second] = steps.map(({ usage }) => usage);
    const before = (first?.promptTokens ?? 0) + (first?.outputTokens ?? 0);
    expect(second?.cachedTokens).toBeGreaterThan(before); // the template's words before the result, too
  });

  test('five calls of 200 and then 300 tokens more each compute exactly 1,400 tokens', async () => {
    const engine = await Engine.load({ threads: 1, kvTokens: 4_096 }); // its template shows tools in few words
    open.push(engine);
    const targets = [500, 800, 1_100, 1_400];
    let session: Session | undefined;
    const tool = defineTool({
      name: 'look',
      description: 'Looks',
      input: z.object({ n: z.number().int().max(9) }),
      execute: (_input, { callId: toolCallId }): Promise<string> => {
        const message = (content: string) => [{ role: 'tool' as const, toolCallId, name: 'look', content }];
        return padded(session as Session, targets.shift() as number, message);
      },
    });
    const options = { engine, tools: [tool], temperature: 0, forceTools: 4, parallelToolCalls: false, maxTokens: 120 };
    const agent = new Agent({ ...options, limits: { maxSteps: 5 } });
    const alike = engine.session({ tools: [tool] });
    const input = await padded(alike, 200, (content) => [{ role: 'user', content }]);
    const run = agent.run(input, { journal: new MemoryJournal() }); // tools begin when the session is free
    session = run.session;
    const { steps } = await run;
    expect(steps.map(({ usage }) => usage.promptTokens)).toEqual([200, 500, 800, 1_100, 1_400]);
    const answer = steps[4]?.usage.outputTokens as number;
    const report = await run.report();
    // The last token of an answer is sampled, and computed with the next prompt only.
    expect(Number(report?.computedTokens) - (answer - 1)).toBe(1_400);
  });

  test('an abort in the middle of tools leaves no tool running and no page held', async () => {
    const engine = await openEngine(ENDING_MODEL);
    open.push(engine);
    const stop = new AbortController();
    let running = 0;
    const begun = deferred<void>();
    const tool = defineTool({
      name: 'wait',
      description: 'Waits',
      input: z.object({ at: z.string().max(4) }),
      execute: (_input, { signal }) => {
        running++;
        begun.resolve();
        return new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            running--;
            reject(signal.reason);
          });
        });
      },
    });
    const agent = new Agent({ engine, tools: [tool], forceTools: 1, maxTokens: 100 });
    const rejected = codeOf(() => agent.run('go', { signal: stop.signal }));
    await begun.promise;
    stop.abort();
    expect(await rejected).toBe('ABORTED');
    expect(running).toBe(0);
    let stats = await engine.stats();
    while (stats.running > 0) stats = await engine.stats();
    expect(stats.pagesUsed).toBe(stats.pagesCached);
  });
});
