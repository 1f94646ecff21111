import { expect, test } from 'vitest';
import { z } from 'zod';
import { Agent } from '../../src/agent/agent.js';
import type { AgentEvent } from '../../src/agent/agent-events.js';
import type { AgentHost, HostProgram } from '../../src/agent/host.js';
import { defineTool } from '../../src/agent/tool.js';
import type { Engine } from '../../src/engine/engine.js';
import type { Session } from '../../src/engine/session.js';
import { type Script, scripted } from '../../testing/engine/scripted-engine.js';
import { type HostScript, ScriptedHost } from '../../testing/engine/scripted-host.js';
import { callText } from '../../testing/engine/scripted-text.js';
import { codeOf } from '../support/expect-code.js';
import { MemoryJournal } from '../support/memory-journal.js';

// An agent runs on whatever is an AgentHost: a router over engines, and one that has no engine at all.

const add = () =>
  defineTool({
    name: 'add',
    description: 'Adds two numbers',
    input: z.object({ a: z.number(), b: z.number() }),
    execute: ({ a, b }) => a + b,
  });

/** Each conversation on the engine that has the fewest. The runs' programs are those of all engines: ids are of the process. */
class Router implements AgentHost<Session> {
  readonly sessions: Engine[] = [];
  readonly #engines: readonly Engine[];

  constructor(engines: readonly Engine[]) {
    this.#engines = engines;
  }

  get #first(): Engine {
    return this.#engines[0] as Engine;
  }

  get info() {
    return this.#first.info;
  }

  get closed(): boolean {
    return this.#engines.every(({ closed }) => closed);
  }

  session(options: Parameters<Engine['session']>[0]): Session {
    const load = (engine: Engine) => this.sessions.filter((one) => one === engine).length;
    const [quietest] = [...this.#engines].sort((a, b) => load(a) - load(b));
    this.sessions.push(quietest as Engine);
    return (quietest as Engine).session(options);
  }

  program(): HostProgram {
    return this.#first.program();
  }

  tokenize(text: string): Int32Array {
    return this.#first.tokenize(text);
  }

  detokenize(tokens: Int32Array): string {
    return this.#first.detokenize(tokens);
  }
}

const addThenAnswer: Script = (prompt) => {
  const result = /<\|tool\|>([^<]*)<\|end\|>\n<\|assistant\|>$/.exec(prompt)?.[1];
  return result === undefined ? callText('c1', 'add', '{"a":2,"b":3}') : `It is ${result}.`;
};

test('a router over two engines: each run stays on one of them, all its requests are one program', async () => {
  const engines = [scripted(addThenAnswer), scripted(addThenAnswer)];
  const router = new Router(engines.map(({ engine }) => engine));
  const agent = new Agent({ engine: router, tools: [add()] });
  const runs = ['1', '2', '3', '4'].map((input) => agent.run(input));
  for (const { text } of await Promise.all(runs)) expect(text).toBe('It is 5.');
  for (const { native } of engines) {
    expect(native.requests.length).toBeGreaterThanOrEqual(4);
    const programs = native.requests.map(({ program }) => program);
    for (const program of programs) expect(programs.filter((one) => one === program)).toHaveLength(2);
  }
  const session: Session = (runs[0] as (typeof runs)[0]).session; // the router's own kind, with all that it can do
  expect((await agent.run('and again', { session: session.fork() })).stopReason).toBe('answer');
});

const hostScript: HostScript = (messages) => {
  const last = messages.at(-1);
  if (last?.role === 'tool') return { text: `It is ${last.content}.` };
  return { text: 'Let me see.', calls: [{ id: 'c1', name: 'add', arguments: '{"a":2,"b":3}' }] };
};

test('a host without an engine: loop, events, hints', async () => {
  const host = new ScriptedHost(hostScript);
  const agent = new Agent({ engine: host, tools: [add()] });
  const run = agent.run('2 + 3?');
  const events: AgentEvent[] = [];
  for await (const event of run) events.push(event);
  expect(await run).toMatchObject({ text: 'It is 5.', stopReason: 'answer' });
  expect(events.map(({ type }) => type)).toEqual([
    ...['text', 'tool-call', 'tool-result', 'step', 'text', 'step', 'finish'],
  ]);
  expect(host.told).toEqual(['add started', 'add ended', 'finished']);
  expect(run.session.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'assistant']);
});

test('its last step must answer, its first ones must call: the host is told', async () => {
  const choices: unknown[] = [];
  const host = new ScriptedHost((messages, turn) => {
    choices.push(turn.toolChoice);
    return turn.toolChoice === 'none' ? { text: 'Done.' } : hostScript(messages.slice(0, 1), turn);
  });
  const agent = new Agent({ engine: host, tools: [add()], forceTools: 1, limits: { maxSteps: 3 } });
  expect(await agent.run('Go')).toMatchObject({ text: 'Done.', stopReason: 'answer' });
  expect(choices).toEqual(['required', undefined, 'none']);
});

test('a journal of such a run is resumed on another host of the same model, at every entry', async () => {
  const whole = new MemoryJournal();
  await new Agent({ engine: new ScriptedHost(hostScript), tools: [add()] }).run('2 + 3?', { journal: whole });
  for (let kept = 1; kept <= whole.lines.length; kept++) {
    const journal = new MemoryJournal(whole.lines.slice(0, kept));
    const tools = [{ ...add(), idempotent: true }];
    const resumed = await new Agent({ engine: new ScriptedHost(hostScript), tools }).resume(journal);
    expect(resumed.text, `after ${kept} entries`).toBe('It is 5.');
  }
});

test('a journal of another model is refused', async () => {
  const journal = new MemoryJournal();
  await new Agent({ engine: new ScriptedHost(hostScript), tools: [add()] }).run('2 + 3?', { journal });
  const other = Object.assign(new ScriptedHost(hostScript), { info: { digest: 'other', maxContext: 100 } });
  const resume = () => new Agent({ engine: other, tools: [add()] }).resume(journal);
  expect(await codeOf(resume)).toBe('JOURNAL_MISMATCH');
});

test.each(['session', 'program', 'tokenize', 'detokenize'])('what has no %s is no host', async (name) => {
  const host = Object.assign(new ScriptedHost(hostScript), { [name]: undefined });
  const make = () => new Agent({ engine: host, tools: [] });
  expect(make).toThrow(expect.objectContaining({ code: 'INVALID_OPTION', field: 'engine' }));
});
