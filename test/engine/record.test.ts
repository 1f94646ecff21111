import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { TraceLine, TraceSubmit } from '../../src/trace/format.js';
import { scripted } from '../../testing/engine/scripted-engine.js';
import { errorOf } from '../support/expect-code.js';

const folder = mkdtempSync(join(tmpdir(), 'banyan-record-'));
afterAll(() => rmSync(folder, { recursive: true }));

const read = (path: string): TraceLine[] =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

test('a recording has what was asked, in order, and no text', async () => {
  const { engine } = scripted(() => 'a secret answer');
  const path = join(folder, 'session.jsonl');
  await engine.generate('before');
  await using recording = await engine.record(path);
  const session = engine.session({ system: 'secret instructions', tenant: 'acme' });
  await session.generate('a secret question');
  await session.generate('another');
  await session.close();
  await recording.stop();
  await engine.generate('after');
  const lines = read(path);
  expect(lines.map(({ type }) => type)).toEqual(['trace', 'submit', 'finish', 'submit', 'finish', 'hint']);
  const [, first, , second] = lines as [TraceLine, TraceSubmit, TraceLine, TraceSubmit];
  expect(second).toMatchObject({ base: first.request, after: first.request, tenant: 1, program: first.program });
  expect(second.keep).toBeGreaterThan(first.tokens.length);
  expect(readFileSync(path, 'utf8')).not.toMatch(/secret|acme/);
});

test('one recording at a time; the next may begin when it has stopped', async () => {
  const { engine } = scripted(() => 'ok');
  const first = await engine.record(join(folder, 'a.jsonl'));
  expect(await errorOf(() => engine.record(join(folder, 'b.jsonl')))).toMatchObject({ code: 'INVALID_OPTION' });
  await first.stop();
  await first.stop();
  await (await engine.record(join(folder, 'b.jsonl'), { tokens: 'ids' })).stop();
  expect(read(join(folder, 'b.jsonl'))).toMatchObject([{ type: 'trace', tokens: 'ids' }]);
});

test.each([
  ['path', [7]],
  ['path', [join(folder, 'no', 'such', 'folder.jsonl')]],
  ['tokens', [join(folder, 'c.jsonl'), { tokens: 'text' }]],
  ['mode', [join(folder, 'c.jsonl'), { mode: 'x' }]],
])('what is wrong is named: %s', async (field, args) => {
  const { engine } = scripted(() => 'ok');
  const record = engine.record.bind(engine) as (...given: unknown[]) => Promise<unknown>;
  expect(await errorOf(() => record(...args))).toMatchObject({ code: 'INVALID_OPTION', field });
  await (await engine.record(join(folder, 'd.jsonl'), { overwrite: true })).stop();
});

test('a disk that refuses ends the recording, not the engine', async () => {
  const { engine } = scripted(() => 'ok');
  const recording = await engine.record('/dev/full', { overwrite: true });
  for (let i = 0; i < 20; i++) expect((await engine.generate('x'.repeat(1000))).text).toBe('ok');
  void recording.stop(); // vitest fails the run on an unhandled rejection
  await new Promise((resolve) => setImmediate(resolve));
  expect(await errorOf(() => recording.stop())).toMatchObject({ code: 'RECORDING_FAILED' });
  await (await engine.record(join(folder, 'e.jsonl'))).stop();
});

test('a recording that failed cannot end the one after it', async () => {
  const { engine } = scripted(() => 'ok');
  const failed = await engine.record('/dev/full', { overwrite: true });
  const path = join(folder, 'after.jsonl');
  let next: Awaited<ReturnType<typeof engine.record>> | undefined;
  while (!next) {
    await engine.generate('x'.repeat(10_000)); // until the disk has refused
    next = await engine.record(path, { overwrite: true }).catch(() => undefined);
  }
  expect(await errorOf(() => failed.stop())).toMatchObject({ name: 'BanyanError', code: 'RECORDING_FAILED' });
  await engine.generate('x');
  await next.stop();
  expect(read(path).map(({ type }) => type)).toEqual(['trace', 'submit', 'finish']);
});

test('closing the engine ends the recording, with the ends of what was cancelled', async () => {
  const { engine } = scripted(() => ({ steps: Array.from({ length: 50 }, () => 'x') }));
  const path = join(folder, 'closed.jsonl');
  await engine.record(path);
  const running = engine.generate('x');
  await running[Symbol.asyncIterator]().next();
  await engine.close();
  expect(read(path).map(({ type }) => type)).toEqual(['trace', 'submit', 'finish']);
});

test("a recording is its owner's alone, takes no place of another file, and follows no link", async () => {
  const { engine } = scripted(() => 'ok');
  const place = mkdtempSync(join(folder, 'links-'));
  const [fresh, mine, link] = ['fresh', 'mine', 'link'].map((name) => join(place, name)) as [string, string, string];
  writeFileSync(mine, 'a diary', { mode: 0o644 });
  symlinkSync(mine, link);
  await (await engine.record(fresh, { tokens: 'ids' })).stop();
  expect(statSync(fresh).mode & 0o777).toBe(0o600);
  for (const path of [fresh, mine, link, place]) {
    const error = await errorOf(() => engine.record(path));
    expect(error).toMatchObject({
      code: 'INVALID_OPTION',
      field: 'path',
      message: expect.stringMatching(/there already/),
    });
  }
  expect(readFileSync(mine, 'utf8')).toBe('a diary');
  await (await engine.record(link, { overwrite: true })).stop(); // the link goes, what it named stays
  expect([readFileSync(mine, 'utf8'), read(link)[0]?.type]).toEqual(['a diary', 'trace']);
  await (await engine.record(mine, { overwrite: true })).stop();
  expect([statSync(mine).mode & 0o777, read(mine)[0]?.type]).toEqual([0o600, 'trace']);
  expect(await errorOf(() => engine.record(place, { overwrite: true }))).toMatchObject({ field: 'path' });
  expect(readdirSync(place).sort()).toEqual(['fresh', 'link', 'mine']);
});
