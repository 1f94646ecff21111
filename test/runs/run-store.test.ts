import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Agent } from '../../src/agent/agent.js';
import type { JournalEntry } from '../../src/agent/journal/journal.js';
import { defineTool } from '../../src/agent/tool.js';
import type { DatabaseLibrary } from '../../src/runs/database.js';
import { RunStore } from '../../src/runs/run-store.js';
import { type Script, scripted } from '../../testing/engine/scripted-engine.js';
import { callText } from '../../testing/engine/scripted-text.js';
import { sqlite } from '../../testing/engine/sqlite.js';
import { codeOf, errorOf } from '../support/expect-code.js';

const library = await sqlite();
const folder = mkdtempSync(join(tmpdir(), 'banyan-runs-'));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
const newPath = () => join(folder, `${files++}.db`);
const open = (path: string) => RunStore.open(path, { library });

/** Calls `add` until a result is there, then answers with it. */
const addThenAnswer: Script = (prompt) => {
  const result = /<\|tool\|>([^<]*)<\|end\|>\n<\|assistant\|>$/.exec(prompt)?.[1];
  return result === undefined ? callText('c1', 'add', '{"a":2,"b":3}') : `It is ${result}.`;
};

function adder(script: Script = addThenAnswer) {
  const calls: string[] = [];
  const add = defineTool({
    ...{ name: 'add', description: 'Adds', input: z.object({ a: z.number(), b: z.number() }) },
    execute: ({ a, b }, { idempotencyKey }) => {
      calls.push(idempotencyKey);
      return a + b;
    },
  });
  const { engine } = scripted(script);
  return { agent: new Agent({ engine, tools: [add] }), calls };
}

const RUN: JournalEntry = { type: 'run' } as JournalEntry;

test('without the library it says what to install', async () => {
  if (library) return;
  expect(await errorOf(() => RunStore.open(newPath()))).toMatchObject({ code: 'JOURNAL_FAILED' });
});

describe.skipIf(!library)('a store of runs', () => {
  test('many runs in one file: what has ended, what has not, and a run goes on where it was', async () => {
    const path = newPath();
    const { agent, calls } = adder();
    const store = await open(path);
    await agent.run('2 + 3?', { journal: store.run('whole') });
    expect(await codeOf(() => agent.run('again', { journal: store.run('whole') }))).toBe('JOURNAL_MISMATCH');
    const stop = new AbortController();
    const { agent: broken } = adder((prompt, request) => {
      if (prompt.includes('<|tool|>')) stop.abort();
      return addThenAnswer(prompt, request);
    });
    expect(await codeOf(() => broken.run('2 + 3?', { journal: store.run('cut'), signal: stop.signal }))).toBe(
      'ABORTED',
    );
    await store.close();
    expect(await codeOf(() => store.list())).toBe('CLOSED');

    await using again = await open(path);
    const seen = again.list().map(({ id, stopReason, entries }) => [id, stopReason, entries]);
    expect(seen).toEqual([
      ['whole', 'answer', 6],
      ['cut', undefined, 4],
    ]);
    const before = calls.length;
    const [resumed, ...more] = await again.resumeAll(() => agent);
    expect(more).toEqual([]);
    expect(resumed).toMatchObject({ id: 'cut', error: undefined, result: { text: 'It is 5.', stopReason: 'answer' } });
    expect(calls).toHaveLength(before); // the tool had run, and its result is on record
    expect(again.list({ unfinished: true })).toEqual([]);
    expect((await agent.resume(again.run('whole'))).text).toBe('It is 5.');
  });

  test('a run that cannot go on takes nothing from the others', async () => {
    await using store = await open(newPath());
    const { agent } = adder();
    for (const id of ['a', 'b', 'c']) {
      const journal = store.run(id);
      const stop = AbortSignal.timeout(60_000);
      await agent.run('2 + 3?', { journal, signal: stop });
    }
    const half = store.run('half');
    const copied = store.run('a').entries().slice(0, 2) as JournalEntry[];
    for (const entry of copied) half.append(entry);
    const lost = store.run('lost');
    lost.append(RUN);
    const done = await store.resumeAll((run) => (run.id === 'none' ? undefined : agent), { atOnce: 1 });
    expect(done.map(({ id, error, result }) => [id, error !== undefined, result?.text])).toEqual([
      ['half', false, 'It is 5.'],
      ['lost', true, undefined],
    ]);
  });

  test('children of a run are found again by the order in which they are asked for', async () => {
    await using store = await open(newPath());
    const parent = () => store.run('job 1');
    const first = parent();
    expect([first.child('sum').id, first.child('sum').id, first.child('mail').id]).toEqual([
      'job 1/sum/0',
      'job 1/sum/1',
      'job 1/mail/0',
    ]);
    expect(parent().child('sum').id).toBe('job 1/sum/0');
    const { agent } = adder();
    await agent.run('2 + 3?', { journal: parent().child('sum') });
    expect(store.list().map(({ id, parent: of }) => [id, of])).toEqual([['job 1/sum/0', 'job 1']]);
  });

  test('two who go on with one run: the second one to write is refused', async () => {
    await using store = await open(newPath());
    const [one, two] = [store.run('r'), store.run('r')];
    one.append(RUN);
    expect(two.entries()).toHaveLength(1);
    one.append({ type: 'end', stopReason: 'answer' });
    expect(await codeOf(() => two.append({ type: 'end', stopReason: 'answer' }))).toBe('JOURNAL_BUSY');
    expect(store.run('r').entries()).toHaveLength(2);
  });

  test('what was edited, swapped, cut, added or brought from another run is refused with its number', async () => {
    const damages: [string, number, string][] = [
      ['edited', 2, "UPDATE entries SET line = replace(line, 'two', 'owt') WHERE run = 'r' AND n = 2"],
      [
        'swapped',
        1,
        "UPDATE entries SET n = CASE n WHEN 1 THEN 99 ELSE n END WHERE run = 'r'; UPDATE entries SET n = 1 WHERE n = 2 AND run = 'r'; UPDATE entries SET n = 2 WHERE n = 99",
      ],
      ['cut at its end', 4, "DELETE FROM entries WHERE run = 'r' AND n = 4"],
      ['cut within', 2, "DELETE FROM entries WHERE run = 'r' AND n = 2"],
      ['added to', 5, "INSERT INTO entries SELECT run, 5, line, chain FROM entries WHERE run = 'r' AND n = 4"],
      [
        'of another run',
        1,
        "DELETE FROM entries WHERE run = 'r' AND n = 1; UPDATE entries SET run = 'r' WHERE run = 'other' AND n = 1",
      ],
      ['another run', 1, "DELETE FROM entries WHERE run = 'r'; UPDATE entries SET run = 'r' WHERE run = 'other'"],
    ];
    for (const [what, at, sql] of damages) {
      const path = newPath();
      const store = await open(path);
      for (const id of ['r', 'other']) {
        const journal = store.run(id);
        for (const text of [`one ${id}`, 'two', 'three', 'four'])
          journal.append({ type: 'run', id: text } as JournalEntry);
      }
      await store.close();
      const raw = new (library as DatabaseLibrary)(path, { timeout: 1 });
      raw.exec(sql);
      raw.close();
      const again = await open(path);
      const error = await errorOf(() => again.run('r').entries());
      expect([what, error.code, error.message.match(/Entry (\d+)/)?.[1]]).toEqual([what, 'JOURNAL_INVALID', `${at}`]);
      expect(await codeOf(() => again.run('r').append(RUN))).toBe('JOURNAL_INVALID');
      await again.close();
    }
  });

  test('a step is done once and gives the same again; one that threw is done again', async () => {
    const path = newPath();
    let store = await open(path);
    let done = 0;
    const step = (options = {}) =>
      store.step('r', 'send', ({ idempotencyKey }) => ({ n: ++done, idempotencyKey }), options);
    expect(await step()).toEqual({ n: 1, idempotencyKey: 'r/send' });
    expect(await step()).toEqual({ n: 1, idempotencyKey: 'r/send' });
    await store.close();
    store = await open(path);
    expect(await step()).toEqual({ n: 1, idempotencyKey: 'r/send' });
    const fails = () =>
      store.step('r', 'shaky', () => {
        if (++done < 4) throw new RangeError('no luck');
        return done;
      });
    await expect(fails()).rejects.toThrow('no luck');
    await expect(fails()).rejects.toThrow('no luck');
    expect(await fails()).toBe(4);
    await store.close();
  });

  test('a step that began and did not end may have had its effect', async () => {
    await using store = await open(newPath());
    const never = store.step('r', 'mail', () => new Promise<number>(() => {}));
    void never;
    expect(await codeOf(() => store.step('r', 'mail', () => 2))).toBe('EFFECT_UNKNOWN');
    expect(await store.step('r', 'mail', () => 2, { idempotent: true })).toBe(2);
    expect(await store.step('r', 'mail', () => 3)).toBe(2);
  });

  test('pruned and removed runs are gone, with their steps', async () => {
    await using store = await open(newPath());
    const { agent } = adder();
    await agent.run('2 + 3?', { journal: store.run('old') });
    await store.step('old', 's', () => 1);
    store.run('open').append(RUN);
    expect(store.prune(new Date(0))).toBe(0);
    expect(store.prune(new Date(Date.now() + 1_000))).toBe(1);
    expect(store.list().map(({ id }) => id)).toEqual(['open']);
    expect(await store.step('old', 's', () => 2)).toBe(2);
    expect([store.remove('open'), store.remove('open')]).toEqual([true, false]);
    expect(await codeOf(() => store.prune(new Date('never')))).toBe('INVALID_OPTION');
  });

  test('a file that is something else is refused and stays as it is; a link is not followed', async () => {
    const text = newPath();
    writeFileSync(text, 'a text that is no database, and long enough to be told apart from one'.repeat(20));
    expect(await codeOf(() => open(text))).toBe('JOURNAL_INVALID');
    const foreign = newPath();
    const raw = new (library as DatabaseLibrary)(foreign, { timeout: 1 });
    raw.exec('CREATE TABLE theirs (x)');
    raw.close();
    expect(await codeOf(() => open(foreign))).toBe('JOURNAL_INVALID');
    const link = newPath();
    symlinkSync(newPath(), link);
    expect(await codeOf(() => open(link))).toBe('JOURNAL_FAILED');
    expect(await codeOf(() => open(join(folder, 'no', 'such', 'folder.db')))).toBe('JOURNAL_FAILED');
    expect(await codeOf(() => open(''))).toBe('INVALID_OPTION');
  });

  test.skipIf(process.platform === 'win32')('its owner alone reads it', async () => {
    const path = newPath();
    await using store = await open(path);
    store.run('r').append(RUN);
    for (const file of [path, `${path}-wal`, `${path}-shm`]) expect(statSync(file).mode & 0o077).toBe(0);
  });
});
