import fc from 'fast-check';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { Agent } from '../../src/agent/agent.js';
import type { JournalEntry } from '../../src/agent/journal/journal.js';
import { defineTool } from '../../src/agent/tool.js';
import { BanyanError } from '../../src/kit/errors.js';
import { scripted } from '../../testing/engine/scripted-engine.js';
import { callText } from '../../testing/engine/scripted-text.js';
import { errorOf } from '../support/expect-code.js';
import { MemoryJournal } from '../support/memory-journal.js';

// A journal lies about for days where others can write: whatever stands in it, nothing runs that should not.

function world() {
  const { engine, native } = scripted((prompt) =>
    prompt.includes('<|tool|>') ? 'Done.' : callText('c0', 'act', '{"n":1}') + callText('c1', 'act', '{"n":2}'),
  );
  const acted: string[] = [];
  const act = defineTool({
    name: 'act',
    description: '',
    input: z.object({ n: z.number() }),
    execute: ({ n }, { idempotencyKey }) => {
      acted.push(idempotencyKey);
      return n;
    },
  });
  return { agent: new Agent({ engine, tools: [act] }), native, acted };
}

async function recorded(): Promise<JournalEntry[]> {
  const journal = new MemoryJournal();
  await world().agent.run('Go', { journal });
  return journal.entries();
}

const RUN = 0;
const TURN = 1;
const CALL = 2;
const RESULT = 4;

// biome-ignore lint/suspicious/noExplicitAny: the point is to break types
type Change = (entries: any[]) => unknown;

test.each<[string, Change, RegExp]>([
  ['of a later version', (e) => Object.assign(e[RUN], { version: 3 }), /Entry 1 .*version/],
  [
    'of an earlier version',
    (e) => Object.assign(e[RUN], { version: 1 }),
    /Entry 1 .*version must be 2.*weights of its model/,
  ],
  ['without its run', (e) => e.shift(), /Entry 1 .*"turn"/],
  ['with two runs', (e) => e.splice(1, 0, e[RUN]), /Entry 2 .*"run"/],
  ['with a step left out', (e) => Object.assign(e[TURN], { step: 1 }), /Entry 2/],
  ['with a call before its turn', (e) => e.splice(1, 1), /Entry 2 .*"call"/],
  ['with a call announced twice', (e) => e.splice(CALL, 0, e[CALL]), /Entry 4 .*"call"/],
  ['with a call of another run', (e) => Object.assign(e[CALL], { key: 'x.0.0' }), /Entry 3 .*"call"/],
  ['with a call that the model did not make', (e) => Object.assign(e[CALL], { index: 2 }), /Entry 3/],
  ['with two results of a call', (e) => e.splice(RESULT, 0, e[RESULT]), /Entry 6 .*"result"/],
  ['with a turn before all results', (e) => e.splice(RESULT, 1), /Entry 6 .*"turn"/],
  ['that goes on after its end', (e) => e.push(e[TURN]), /Entry 9 .*"turn"/],
  ['with an entry of no kind', (e) => e.splice(2, 0, { type: 'fork' }), /Entry 3 .*type/],
  ['with an entry that is nothing', (e) => e.splice(2, 0, null), /Entry 3 .*type/],
  ['with a token that is none', (e) => e[TURN].turn.tokens.splice(0, 1, -1), /Entry 2 .*turn\.tokens\[0\]/],
  ['with text for tokens', (e) => Object.assign(e[TURN].turn, { prompt: 'abc' }), /Entry 2 .*turn\.prompt/],
  [
    'with a call without a name',
    (e) => delete e[TURN].turn.message.toolCalls[0].name,
    /Entry 2 .*toolCalls\[0\]\.name/,
  ],
  ['that gives tokens back', (e) => Object.assign(e[TURN].usage, { outputTokens: -99 }), /Entry 2 .*outputTokens/],
  ['with a result that is no text', (e) => Object.assign(e[RESULT], { content: {} }), /Entry 5 .*content/],
  ['with a seed that is none', (e) => Object.assign(e[RUN], { seed: 1.5 }), /Entry 1 .*seed/],
  ['with messages of no role', (e) => Object.assign(e[RUN], { input: [{ role: 'x' }] }), /Entry 1 .*role/],
])('a journal %s is refused, and nothing runs', async (_name, change, message) => {
  const entries = await recorded();
  change(entries);
  const { agent, native, acted } = world();
  const error = await errorOf(() => agent.resume({ entries: () => entries, append: () => {} }));
  expect(error).toMatchObject({ code: 'JOURNAL_INVALID', field: 'journal' });
  expect(error.message).toMatch(message);
  expect([native.requests, native.renders, acted]).toEqual([[], [], []]);
});

test.each([
  ['before its first turn', [RUN]],
  ['with calls that were never made', [RUN, TURN]],
  ['in the middle of a call', [RUN, TURN, CALL]],
])('a run that was cancelled %s stays so', async (_when, kept) => {
  const entries = await recorded();
  const journal = [...kept.map((index) => entries[index]), { type: 'end', stopReason: 'cancelled' }];
  const { agent, native, acted } = world();
  const appended: unknown[] = [];
  const { stopReason, steps } = await agent.resume({
    entries: () => journal,
    append: (entry) => void appended.push(entry),
  });
  expect([stopReason, steps.length, steps.flatMap(({ tools }) => tools)]).toEqual([
    'cancelled',
    kept.length > 1 ? 1 : 0,
    [],
  ]);
  expect([native.requests, acted, appended]).toEqual([[], [], []]);
});

test('a call of a tool that is not defined reaches no tool', async () => {
  const entries = await recorded();
  const turn = entries[TURN] as Extract<JournalEntry, { type: 'turn' }>;
  for (const call of turn.turn.message.toolCalls) Object.assign(call, { name: 'format_disk' });
  for (const length of [2, 3]) {
    const { agent, acted } = world();
    const journal = new MemoryJournal(entries.slice(0, length).map((entry) => JSON.stringify(entry)));
    const { steps } = await agent.resume(journal);
    expect(steps[0]?.tools.map(({ ok }) => ok)).toEqual([false, false]);
    expect(acted).toEqual([]);
  }
});

/** Every path to a value inside, [] being the whole. */
function paths(value: unknown): (string | number)[][] {
  if (typeof value !== 'object' || value === null) return [[]];
  return [[], ...Object.entries(value).flatMap(([key, item]) => paths(item).map((path) => [key, ...path]))];
}

function replaced(value: unknown, [key, ...rest]: (string | number)[], by: unknown): unknown {
  if (key === undefined) return by;
  const copy = Array.isArray(value) ? [...value] : { ...(value as object) };
  Object.assign(copy, { [key]: replaced((value as never)[key], rest, by) });
  return copy;
}

test('any value anywhere: a run or a typed error, and no call twice', async () => {
  const entries = await recorded();
  const all = paths(entries).slice(1);
  await fc.assert(
    fc.asyncProperty(fc.nat(all.length - 1), fc.nat(entries.length), fc.jsonValue(), async (which, length, value) => {
      const changed = (replaced(entries, all[which] ?? [], value) as unknown[]).slice(0, length);
      const { agent, acted } = world();
      const kept: JournalEntry[] = [];
      const journal = { entries: () => changed, append: (entry: JournalEntry) => void kept.push(entry) };
      const announced = new Set(changed.map((entry) => (Object(entry) as { key?: unknown }).key));
      try {
        await agent.resume(journal);
      } catch (error) {
        expect(error).toBeInstanceOf(BanyanError);
        expect((error as BanyanError).code).toMatch(/^(JOURNAL_|INVALID_)/);
      }
      expect(new Set(acted).size).toBe(acted.length);
      for (const key of acted) expect(announced).not.toContain(key);
    }),
    { numRuns: 500, seed: 23 },
  );
});
