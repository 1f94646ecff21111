import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { Agent } from '../../src/agent/agent.js';
import type { CallRule } from '../../src/agent/speculation/run-past.js';
import { ToolPredictor } from '../../src/agent/speculation/tool-predictor.js';
import { defineTool } from '../../src/agent/tool.js';
import { AuditLog } from '../../src/audit/audit-log.js';
import type { AuditEntry, AuditEvent } from '../../src/audit/entry.js';
import { verifyAudit } from '../../src/audit/verify-audit.js';
import { scripted } from '../../testing/engine/scripted-engine.js';
import { callText } from '../../testing/engine/scripted-text.js';
import { codeOf, errorOf } from '../support/expect-code.js';
import { killChild } from '../support/kill-child.js';
import { MemoryJournal } from '../support/memory-journal.js';

const folder = mkdtempSync(join(tmpdir(), 'banyan-audit-'));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
const fresh = () => join(folder, `${files++}.jsonl`);
const linesOf = (path: string) => readFileSync(path, 'utf8').trimEnd().split('\n');
const entriesOf = (path: string) => linesOf(path).map((line) => JSON.parse(line) as AuditEntry & { chain: string });
const event = (n: number): AuditEvent => ({ type: 'end', tenant: 't', run: `run ${n}`, reason: 'answer' });

/** A closed log of `count` events behind its beginning. */
async function written(count: number, key?: string): Promise<string> {
  const path = fresh();
  await using log = await AuditLog.open(path, { key });
  for (let n = 0; n < count; n++) log.record(event(n));
  return path;
}

describe('a log', () => {
  test('is whole, its owner alone reads it, and it is gone on with', async () => {
    const path = await written(3);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await using log = await AuditLog.open(path);
    log.record(event(3));
    await log.flush();
    const report = await verifyAudit(path);
    expect(report).toMatchObject({ ok: true, entries: 7, damaged: undefined, closed: false, cuts: [], lost: 0 });
    expect(report.head).toEqual(log.head);
    await log.close();
    expect(await verifyAudit(path)).toMatchObject({ ok: true, entries: 8, closed: true });
    expect(entriesOf(path).map(({ n, type }) => `${n} ${type}`)).toEqual([
      ...['1 open', '2 end', '3 end', '4 end', '5 close', '6 open', '7 end', '8 close'],
    ]);
  });

  test('one process writes it; what is no log is refused and stays as it is', async () => {
    const path = await written(1);
    const log = await AuditLog.open(path);
    expect(await errorOf(() => AuditLog.open(path))).toMatchObject({ code: 'AUDIT_FAILED', field: 'path' });
    appendFileSync(path, 'x\n');
    log.record(event(1));
    expect(await codeOf(() => log.flush())).toBe('AUDIT_FAILED');
    expect(await codeOf(() => log.record(event(2)))).toBe('AUDIT_FAILED');
    expect(await codeOf(() => log.close())).toBe('AUDIT_FAILED');
    for (const text of ['hello', 'hello\n', '{"n":1}\n', '{"n":2,"at":"']) {
      const other = fresh();
      writeFileSync(other, text);
      expect(await codeOf(() => AuditLog.open(other))).toBe('AUDIT_FAILED');
      expect(readFileSync(other, 'utf8')).toBe(text);
    }
    expect(await codeOf(() => AuditLog.open(folder))).toBe('AUDIT_FAILED');
    expect(await codeOf(() => AuditLog.open(join(folder, 'no', 'such')))).toBe('AUDIT_FAILED');
    expect(await codeOf(() => verifyAudit(fresh()))).toBe('AUDIT_FAILED');
    await log.close().catch(() => {});
    expect(await codeOf(() => AuditLog.open(''))).toBe('INVALID_OPTION');
  });

  test('after close nothing is recorded', async () => {
    const log = await AuditLog.open(fresh());
    await log.close();
    await log.close();
    expect(await codeOf(() => log.record(event(0)))).toBe('CLOSED');
  });

  test('a queue that is full loses entries, and the log says how many', async () => {
    const path = fresh();
    const log = await AuditLog.open(path, { queueBytes: 65_536, texts: true });
    const long = { type: 'run', tenant: 't', run: 'r', resumed: false, input: log.text('x'.repeat(10_000)) } as const;
    for (let n = 0; n < 50; n++) log.record(long); // in one turn of the event loop: nothing is written meanwhile
    const { entries, lost } = log.stats;
    expect(entries).toBeGreaterThan(6);
    expect(lost).toBe(50 - (entries - 1));
    await log.flush();
    log.record(event(1));
    await log.close();
    expect(await verifyAudit(path)).toMatchObject({ ok: true, entries: entries + 3, lost });
    expect(entriesOf(path)[entries]).toMatchObject({ type: 'lost', entries: lost });
  });
});

describe('verification names the first wrong entry', () => {
  const damage = async (change: (lines: string[]) => string[], key?: string) => {
    const path = await written(8, key);
    writeFileSync(path, `${change(linesOf(path)).join('\n')}\n`);
    return verifyAudit(path, { key });
  };

  test.each<[string, number, (lines: string[]) => string[]]>([
    ['edited', 4, (lines) => lines.map((line, at) => (at === 3 ? line.replace('answer', 'answar') : line))],
    ['cut out', 4, (lines) => lines.filter((_, at) => at !== 3)],
    ['swapped', 4, (lines) => [...lines.slice(0, 3), lines[4], lines[3], ...lines.slice(5)] as string[]],
    ['added', 5, (lines) => [...lines.slice(0, 4), lines[3], ...lines.slice(4)] as string[]],
    ['no entry', 2, (lines) => [lines[0], 'hello', ...lines.slice(2)] as string[]],
    ['no UTF-8', 3, (lines) => lines.map((line, at) => (at === 2 ? line.replace('run', '\ud800') : line))],
    ['the first one gone', 1, (lines) => lines.slice(1)],
    [
      'the checksum changed',
      6,
      (lines) => lines.map((line, at) => (at === 5 ? line.replace(/.{4}="\}$/, 'AAA="}') : line)),
    ],
    ['another log', 1, () => ['{"n":1}']],
  ])('%s: entry %i', async (_what, entry, change) => {
    const report = await damage(change);
    expect(report).toMatchObject({ ok: false, entries: entry - 1, closed: false });
    expect(report.damaged?.entry).toBe(entry);
  });

  test('any change of any byte is found, and nothing before it is blamed', async () => {
    const path = await written(6);
    const whole = readFileSync(path);
    const property = fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), async (at, by) => {
      const bytes = Buffer.from(whole);
      bytes[at] = ((bytes[at] as number) + by) % 256;
      writeFileSync(path, bytes);
      const { ok, damaged } = await verifyAudit(path);
      const line = whole.subarray(0, at).toString('latin1').split('\n').length;
      expect([ok, damaged?.entry]).toEqual([false, line]);
    });
    await fc.assert(property, { numRuns: 300, seed: 11 });
  });

  test('an end that was cut off: inside a line by itself, between two lines by a head that was kept', async () => {
    const path = await written(5);
    const { head } = await verifyAudit(path);
    const lines = linesOf(path);
    truncateSync(path, statSync(path).size - 5);
    expect(await verifyAudit(path)).toMatchObject({
      ok: false,
      damaged: { entry: 7, why: expect.stringContaining('cut') },
    });
    writeFileSync(path, `${lines.slice(0, 5).join('\n')}\n`);
    expect(await verifyAudit(path)).toMatchObject({ ok: true, entries: 5, closed: false });
    expect(await verifyAudit(path, { head })).toMatchObject({ ok: false, damaged: { entry: 6 } });
    writeFileSync(path, '');
    expect(await verifyAudit(path)).toMatchObject({ ok: false, damaged: { entry: 1 } });
  });

  test('one who rewrites the whole log is found by the head, and cannot do it without the key', async () => {
    const [mine, forged] = [await written(3), await written(3)];
    const { head } = await verifyAudit(mine);
    expect(await verifyAudit(forged)).toMatchObject({ ok: true });
    expect(await verifyAudit(forged, { head })).toMatchObject({ ok: false, damaged: { entry: head.entry } });
    expect(await verifyAudit(forged, { key: 'secret' })).toMatchObject({ ok: false, damaged: { entry: 1 } });
    const sealed = await written(3, 'secret');
    expect(await verifyAudit(sealed, { key: 'secret' })).toMatchObject({ ok: true });
    expect(await verifyAudit(sealed)).toMatchObject({ ok: false });
  });
});

test('killed (kill -9) again and again: what is left of a torn line is cut off, and the log says so', async () => {
  const path = fresh();
  const script = new URL('./children/audited.ts', import.meta.url);
  for (let kill = 0; kill < 3; kill++) {
    await killChild(script, [path], 'recorded 200');
    appendFileSync(path, '{"n":9,"at":"20'); // as a kernel that wrote half of the last piece
    expect(await verifyAudit(path)).toMatchObject({ ok: false, damaged: { why: expect.stringContaining('cut') } });
  }
  await (await AuditLog.open(path)).close();
  const report = await verifyAudit(path);
  expect(report).toMatchObject({ ok: true, closed: true });
  expect(report.cuts.map(({ bytes }) => bytes >= 15)).toEqual([true, true, true]);
  expect(report.entries).toBeGreaterThanOrEqual(3 * 200);
});

describe('an agent with a log', () => {
  const calling = () =>
    scripted((prompt) => (prompt.includes('<|tool|>') ? '(sum)It is 2.' : callText('c1', 'add', '{"a":1}')));
  const add = (execute: () => unknown = () => 'SECRET RESULT') =>
    defineTool({ name: 'add', description: '', input: { type: 'object' }, execute });
  const owner = { tenant: 'acme', run: expect.stringMatching(/^[0-9a-f-]{36}$/) };

  test('tells it of each call, digests only unless texts are asked for', async () => {
    const [path, full] = [fresh(), fresh()];
    for (const [file, texts] of [
      [path, false],
      [full, true],
    ] as const) {
      await using audit = await AuditLog.open(file, { texts });
      await new Agent({ engine: calling().engine, tools: [add()], tenant: 'acme', audit }).run('SECRET QUESTION');
    }
    const entries = entriesOf(path);
    expect(entries.map(({ type }) => type)).toEqual([
      'open',
      'run',
      'call', // it starts when it closes, before the model's turn is over
      'result',
      'model',
      'model',
      'end',
      'close',
    ]);
    for (const entry of entries.slice(1, -1)) expect(entry).toMatchObject(owner);
    expect(new Set(entries.slice(1, -1).map((entry) => ('run' in entry ? entry.run : ''))).size).toBe(1);
    expect(entries[4]).toMatchObject({ step: 0, model: 'scripted', calls: ['add'], finishReason: 'tool-calls' });
    expect(entries[2]).toMatchObject({ step: 0, callId: 'c1', tool: 'add', arguments: { characters: 7 } });
    expect(entries[3]).toMatchObject({ step: 0, callId: 'c1', tool: 'add', ok: true, result: { characters: 13 } });
    expect(entries[6]).toMatchObject({ reason: 'answer' });
    expect(readFileSync(path, 'utf8')).not.toMatch(/SECRET|It is/);
    expect(entriesOf(full)[1]).toMatchObject({ input: { text: 'SECRET QUESTION' } });
    expect(entriesOf(full)[3]).toMatchObject({ result: { text: 'SECRET RESULT' } });
    const digest = (at: number) => (entriesOf(full)[at] as { result?: { digest: string } }).result?.digest;
    expect((entries[3] as { result?: { digest: string } }).result?.digest).toBe(digest(3));
  });

  test('a call that begins before the model makes it is on record by itself', async () => {
    const path = fresh();
    await using audit = await AuditLog.open(path);
    const rules: CallRule[] = [
      ({ calls }) =>
        calls.length > 0
          ? undefined
          : [
              { name: 'add', input: { a: 1 } },
              { name: 'add', input: { a: 2 } },
            ],
    ];
    const predictor = new ToolPredictor({ rules });
    const pure = defineTool({ name: 'add', description: '', input: { type: 'object' }, pure: true, execute: () => 2 });
    await new Agent({ engine: calling().engine, tools: [pure], predictor, audit }).run('1 + 1');
    await audit.flush();
    const types = entriesOf(path).map(({ type }) => type);
    expect(types).toEqual(['open', 'run', 'ahead', 'ahead', 'call', 'result', 'model', 'model', 'end']);
  });

  test('a call is on record before its tool gets it, a failure and an abort are too', async () => {
    const path = fresh();
    await using audit = await AuditLog.open(path);
    const before: number[] = [];
    const tool = add(() => before.push(audit.stats.entries));
    await new Agent({ engine: calling().engine, tools: [tool], audit }).run('1 + 1');
    const failing = scripted(() => ({ steps: [], error: { code: 'STEP_FAILED', message: 'no' } })).engine;
    expect(await codeOf(() => new Agent({ engine: failing, audit }).run('x'))).toBe('STEP_FAILED');
    const stop = new AbortController();
    const aborting = new Agent({ engine: calling().engine, tools: [add(() => stop.abort())], audit });
    expect(await codeOf(() => aborting.run('x', { signal: stop.signal }))).toBe('ABORTED');
    await audit.flush();
    const entries = entriesOf(path);
    expect(entries.slice(0, before[0]).at(-1)).toMatchObject({ type: 'call' });
    expect(entries.filter(({ type }) => type === 'model-failed')).toMatchObject([{ code: 'STEP_FAILED' }]);
    const ends = entries.flatMap((entry) => (entry.type === 'end' ? [entry.reason] : []));
    expect(ends).toEqual(['answer', 'STEP_FAILED', 'ABORTED']);
  });

  test('a resumed run is the same run, and what was played back is not told again', async () => {
    const path = fresh();
    await using audit = await AuditLog.open(path);
    const journal = new MemoryJournal();
    const agent = () => new Agent({ engine: calling().engine, tools: [add()], seed: 1, audit });
    await agent().run('1 + 1', { journal });
    await agent().resume(new MemoryJournal(journal.lines.slice(0, -2)));
    await audit.flush();
    const told = entriesOf(path).slice(1);
    const second = told.findIndex((entry) => entry.type === 'run' && entry.resumed);
    expect(told.slice(second).map(({ type }) => type)).toEqual(['run', 'model', 'end']);
    expect(new Set(told.map((entry) => ('run' in entry ? entry.run : ''))).size).toBe(1);
  });

  test('nothing is asked once the log cannot be written', async () => {
    const path = fresh();
    const audit = await AuditLog.open(path);
    const { engine, native } = calling();
    let calls = 0;
    const agent = new Agent({ engine, tools: [add(() => calls++)], audit });
    appendFileSync(path, 'x\n');
    audit.record(event(0));
    await audit.flush().catch(() => {});
    expect(await codeOf(() => agent.run('1 + 1'))).toBe('AUDIT_FAILED');
    expect([native.requests.length, calls]).toEqual([0, 0]);
    expect(await errorOf(() => new Agent({ engine, audit: {} as never }))).toMatchObject({ field: 'audit' });
    await audit.close().catch(() => {});
  });
});
