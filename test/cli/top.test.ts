import { createHash } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { frameOf, paceOf } from '../../src/cli/watch/frame.js';
import { Engine } from '../../src/engine/engine.js';
import { InspectorFeed } from '../../src/inspector/feed.js';
import { packedRows, unpacked } from '../../src/inspector/told.js';
import type { Told } from '../../src/inspector/told-types.js';
import { serve } from '../../src/server/serve.js';
import { runScript } from '../support/run-script.js';

let engine: Engine;
beforeAll(async () => {
  engine = await Engine.load({ threads: 1, kvTokens: 4096 });
  const agent = engine.program();
  for (const text of ['One', 'One and two']) await engine.generate(text, { program: agent, maxTokens: 4 });
});
afterAll(() => engine.close());

const told = (look?: { tree: boolean }) =>
  new Promise<Told>((resolve) => {
    const leave = new InspectorFeed(engine, 'a\u001b[31mmodel').watch((event) => {
      setImmediate(() => leave());
      resolve(JSON.parse(event.slice('data: '.length)));
      return true;
    }, look);
  });

test('a frame has what runs, what waits for what, and agents; it fits the terminal, which obeys no name', async () => {
  const moment = await told({ tree: false });
  expect(moment.tables.nodes.rows).toBe('');
  const wide = frameOf(moment, { rows: 100, columns: 200 });
  expect(wide.slice(0, 3)).toEqual([
    'a [31mmodel',
    expect.stringMatching(/^pages {4}\[[#.]{24}\] \d+ of 128$/),
    'requests 0 running, 0 waiting',
  ]);
  expect(wide[4]).toMatch(/^cached {3}\d+% of \d+ prompt tokens, since the model was loaded$/);
  expect(wide.join()).not.toMatch(/states|on disk/);
  const tiers = { pagesDisk: 7, statesTotal: 64, statesUsed: 2, statesDisk: 5 };
  expect(frameOf({ ...moment, tiers }, { rows: 100, columns: 200 }).slice(2, 4)).toEqual([
    'on disk  7 pages',
    'states   2 of 64 saved in memory, 5 on disk',
  ]);
  expect(wide.at(-1)).toMatch(/^1 +acting +2 /);
  const request = { id: 7, program: 3, class: 1, waitsFor: 5, waitedMs: 12, cachedTokens: 4, promptTokens: 9 };
  const fields = [...(['id', 'program', 'class', 'waitsFor', 'waitedMs', 'cachedTokens', 'promptTokens'] as const)];
  const many = Array.from({ length: 50 }, (_, at) => ({ ...request, id: at + 1 }));
  const busy = { ...moment, tables: { ...moment.tables, requests: packedRows(fields, many) } };
  for (const [rows, columns] of [
    [24, 80],
    [10, 20],
    [1, 1],
  ] as const) {
    const lines = frameOf(busy, { rows, columns });
    expect(lines.length).toBeLessThanOrEqual(rows);
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(columns);
  }
  const lines = frameOf(busy, { rows: 24, columns: 80 });
  expect(lines).toContainEqual(expect.stringMatching(/^1 +3 +workflow +pages +12 +4\/9/));
  expect(lines).toContainEqual(expect.stringMatching(/^and \d+ more$/));
});

test('a pace is of the steps, from the first to the end of the last', () => {
  const step = { number: 1, promptTokens: 10, decodeRows: 2, requests: 2 };
  const steps = [
    { ...step, atMs: 1_000, tookMs: 100 },
    { ...step, atMs: 1_400, tookMs: 100 },
  ];
  expect(paceOf(steps)).toEqual({ prompt: 40, decode: 8, stepMs: 100 });
  expect(paceOf([])).toEqual({ prompt: 0, decode: 0, stepMs: 0 });
});

test('banyan top prints a server once where there is no terminal', { timeout: 60_000 }, async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'banyan-top-')), 'keys.json');
  const keys = [createHash('sha256').update('o').digest('hex')];
  writeFileSync(file, JSON.stringify({ tenants: [{ name: 'operator', keys, admin: true }] }));
  await using server = await serve(engine, { port: 0, keysFile: file, modelName: 'small' });
  const top = (...args: string[]) => runScript('src/cli/main.ts', ['top', ...args]);
  expect(await top(server.url)).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^REMOTE_FAILED: .*401: set BANYAN_API_KEY/),
  });
  process.env.BANYAN_API_KEY = 'o';
  try {
    const { code, stdout } = await top(server.url);
    expect([code, stdout.split('\n')[0]]).toEqual([0, 'small']);
    expect(stdout).toMatch(/AGENT +DOES/);
    const json = JSON.parse((await top(server.url, '--json')).stdout) as Told;
    expect(unpacked(json.tables.programs)).toHaveLength(1);
  } finally {
    delete process.env.BANYAN_API_KEY;
  }
  expect(await top('ftp://x')).toMatchObject({ code: 1, stderr: expect.stringMatching(/^INVALID_OPTION: /) });
  expect(await top('http://127.0.0.1:1')).toMatchObject({ code: 1, stderr: expect.stringMatching(/^REMOTE_FAILED: /) });
});
