import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { chromium } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { drawnTree } from '../../src/inspector/recorded/drawn-tree.js';
import { RecordedFeed } from '../../src/inspector/recorded/recorded-feed.js';
import { readRecording } from '../../src/inspector/recorded/recording.js';
import { type Place, TokenTree } from '../../src/inspector/recorded/token-tree.js';
import { unpacked } from '../../src/inspector/told.js';
import type { Told } from '../../src/inspector/told-types.js';
import { serveRecording } from '../../src/server/inspector/serve-recording.js';
import { scripted } from '../../testing/engine/scripted-engine.js';
import { artefact, browser } from '../support/browser.js';
import { errorOf } from '../support/expect-code.js';
import { runScript } from '../support/run-script.js';

const folder = mkdtempSync(join(tmpdir(), 'banyan-inspect-'));
const HEADER = {
  ...{ type: 'trace', version: 1, tokens: 'ids' },
  engine: { pages: 64, pageTokens: 4, maxRunning: 4, maxBatchTokens: 64, maxContext: 256 },
};
const submit = (request: number, program: number, base: number, keep: number, tokens: number[], more = {}) => {
  const about = { t: request * 1_000, after: 0, class: 'interactive', tenant: 0, maxTokens: 8, cache: true };
  return { type: 'submit', request, program, base, keep, tokens, ...about, ...more };
};
const finish = (request: number, output: number[], cached: number, more = {}) => {
  return {
    type: 'finish',
    t: request * 1_000 + 500,
    request,
    reason: 'stop',
    output,
    cached,
    computed: 1,
    ttftMs: 3,
    ...more,
  };
};

let files = 0;
function fileOf(...lines: object[]): string {
  const path = join(folder, `${++files}.jsonl`);
  writeFileSync(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  return path;
}

/** Agent 7: a first call, one that goes on, one with another beginning, one that was evicted meanwhile. */
const LIFE = [
  HEADER,
  submit(1, 7, 0, 0, [1, 2, 3, 4, 5, 6, 7, 8]),
  finish(1, [9, 10], 0),
  { type: 'hint', t: 2_000, program: 7, hint: 'tool-started', tool: 't1' },
  { type: 'hint', t: 5_000, program: 7, hint: 'tool-ended', tool: 't1' },
  submit(2, 7, 1, 10, [11, 12]),
  finish(2, [13], 10),
  submit(3, 7, 0, 0, [1, 2, 99, 4, 5, 6]),
  finish(3, [14], 2),
  submit(4, 7, 2, 13, [15]),
  finish(4, [16], 4),
  submit(5, 8, 1, 10, [17], { cache: false }),
  finish(5, [18], 0),
  submit(6, 8, 5, 12, [19]),
  finish(6, [], 0, { reason: 'error', code: 'CANCELLED', cached: undefined, computed: undefined }),
  submit(7, 9, 1, 8, [20]),
];

test('each call of a life says how much was cached, and why not all', async () => {
  const { calls, agents } = await readRecording(fileOf(...LIFE));
  expect(calls.map(({ program, miss }) => [program, miss])).toEqual([
    [7, 'none of 8 tokens was cached: no call before began like this one'],
    [7, '10 of 12 tokens were cached: the rest is new'],
    [7, "2 of 6 tokens were cached: from token 3 on it differs from this agent's call before"],
    [7, '4 of 14 tokens were cached: 9 more had been asked before, but were no longer cached, or not yet'],
    [8, 'none of 11 tokens was cached: the call took no part in the cache'],
    [8, 'not known: it failed'],
  ]);
  expect(calls.at(-1)?.reason).toBe('failed: CANCELLED');
  expect(agents.get(7)).toMatchObject({ calls: 4, promptTokens: 40, cachedTokens: 16, lostTokens: 9, actingMs: 3 });
});

test('the tree has each prefix once, and says who was there at the end', async () => {
  const { nodes, holds, leftOut } = drawnTree(await readRecording(fileOf(...LIFE)));
  expect(leftOut).toBe(0);
  // 1 2 | 3..8 | 9 10 | 11 12 13 15 16 ; | 99 .. ; | 17 .. ; | 20
  expect(nodes.reduce((sum, { tokens }) => sum + tokens, 0)).toBe(2 + 6 + 2 + 5 + 5 + 3 + 1);
  expect(holds.map(({ program }) => program).sort()).toEqual([7, 8, 9]);
  const [root] = nodes;
  expect(root).toMatchObject({ begin: 0, tokens: 2, users: 1, children: 2 });
});

test('the tree agrees with comparing sequences, whatever they are', () => {
  const sequence = fc.array(fc.nat(2), { maxLength: 8 });
  const steps = fc.array(fc.tuple(fc.nat(), fc.nat(), sequence), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(steps, (given) => {
      const tree = new TokenTree();
      const known: { tokens: number[]; place: Place }[] = [{ tokens: [], place: tree.root(0) }];
      const alike = (a: readonly number[], b: readonly number[]) => {
        const differs = a.findIndex((token, at) => b[at] !== token);
        return differs < 0 ? a.length : differs;
      };
      for (const [from, keep, own] of given) {
        const base = known[from % known.length] as (typeof known)[0];
        const kept = keep % (base.tokens.length + 1);
        const tokens = [...base.tokens.slice(0, kept), ...own];
        const placed = tree.insert(base.place, kept, own);
        expect(placed.known).toBe(Math.max(...known.map((one) => alike(tokens, one.tokens))));
        known.push({ tokens, place: placed });
      }
      for (const a of known)
        for (const b of known) expect(TokenTree.common(a.place, b.place)).toBe(alike(a.tokens, b.tokens));
    }),
    { numRuns: 300 },
  );
});

describe('what is wrong', () => {
  test.each([
    [2, 'is not in the lines before', [HEADER, submit(1, 0, 9, 0, [1])]],
    [3, 'which has 2', [HEADER, submit(1, 0, 0, 0, [1, 2]), submit(2, 0, 1, 3, [1])]],
    [2, 'has no submit line', [HEADER, finish(1, [], 0)]],
    [4, 'has ended before', [HEADER, submit(1, 0, 0, 0, [1]), finish(1, [], 0), finish(1, [], 0)]],
    [2, 'no list of tokens', [HEADER, { ...submit(1, 0, 0, 0, []), tokens: 'x' }]],
    [1, 'version 2', [{ ...HEADER, version: 2 }]],
    [1, 'no recording', [{ messages: [] }]],
  ])('line %i: %s', async (line, problem, lines) => {
    const error = await errorOf(() => readRecording(fileOf(...lines)));
    expect(error).toMatchObject({ code: 'TRACE_INVALID', field: `line ${line}` });
    expect((error as Error).message).toContain(problem);
  });
  test('no file, an empty one', async () => {
    expect(await errorOf(() => readRecording(join(folder, 'none')))).toMatchObject({ code: 'INVALID_OPTION' });
    expect(await errorOf(() => readRecording(fileOf()))).toMatchObject({ code: 'INVALID_OPTION' });
  });
});

test('what an engine recorded is served as a moment of the page, to this machine alone', async () => {
  const { engine } = scripted(() => 'ok');
  const path = join(folder, 'engine.jsonl');
  const recording = await engine.record(path);
  const session = engine.session({ system: 'instructions' });
  await session.generate('one');
  await session.generate('two');
  await recording.stop();
  const page = await serveRecording(new RecordedFeed(await readRecording(path), 'engine.jsonl'), 0);
  try {
    const origin = new URL(page.url).origin;
    const answer = await fetch(`${origin}/inspector/events`);
    const reader = answer.body?.getReader();
    const event = new TextDecoder().decode((await reader?.read())?.value);
    await reader?.cancel();
    const told = JSON.parse(event.slice('data: '.length)) as Told;
    expect(told).toMatchObject({ model: 'engine.jsonl', recorded: expect.stringContaining('of 2 calls') });
    expect(unpacked<{ calls: number }>(told.tables.programs)).toMatchObject([{ calls: 2 }]);
    expect(told.calls).toHaveLength(2);
    expect((await fetch(page.url)).headers.get('content-security-policy')).toContain("default-src 'none'");
    expect((await fetch(`${origin}/inspector/main.js`)).status).toBe(200);
    expect((await fetch(`${origin}/inspector/none.js`)).status).toBe(404);
    expect((await fetch(`${origin}/`)).url).toBe(page.url);
  } finally {
    await page.close();
  }
});

test.skipIf(!browser)('a browser shows a recording: agents, a life, the tree; no steps, no page map', async () => {
  const page = await serveRecording(new RecordedFeed(await readRecording(fileOf(...LIFE)), 'life.jsonl'), 0);
  const opened = await chromium.launch({ executablePath: browser as string, args: ['--no-sandbox'] });
  try {
    const tab = await opened.newPage();
    await tab.goto(page.url);
    await tab.locator('#state', { hasText: 'recorded' }).waitFor();
    await tab.locator('#agents button', { hasText: '7' }).click();
    expect(await tab.locator('#life tbody tr').nth(2).textContent()).toContain('from token 3 on it differs');
    expect(await tab.locator('#life tbody tr').first().locator('td.low').count()).toBe(0); // a first call is not compared
    expect(await tab.locator('#steps').isVisible()).toBe(false);
    expect(await tab.locator('#numbers').textContent()).toContain('a recording of 6 calls');
    await tab.screenshot({ path: artefact('inspector-recorded.png'), fullPage: true });
  } finally {
    await opened.close();
    await page.close();
  }
});

test('banyan inspect --agent prints the calls of one', { timeout: 60_000 }, async () => {
  const path = fileOf(...LIFE);
  const { code, stdout } = await runScript('src/cli/main.ts', ['inspect', path, '--agent', '7']);
  expect(code).toBe(0);
  expect(stdout.split('\n')[2]).toBe(
    "call 3: 2 of 6 tokens were cached: from token 3 on it differs from this agent's call before, first token after 3 ms, 1 tokens of answer, stop",
  );
  const other = await runScript('src/cli/main.ts', ['inspect', path, '--agent', '5']);
  expect(other).toMatchObject({ code: 1, stderr: expect.stringMatching(/^INVALID_OPTION: .*7, 8, 9/) });
});
