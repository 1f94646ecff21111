import { createHash } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { Engine } from '../../src/engine/engine.js';
import { InspectorFeed } from '../../src/inspector/feed.js';
import { rowsOf, type Shown, shownAfter } from '../../src/inspector/page/shown.js';
import type { Told } from '../../src/inspector/told-types.js';
import type { Server } from '../../src/server/serve.js';
import { serve } from '../../src/server/serve.js';
import { artefact, browser } from '../support/browser.js';

// The inspector of a server: who may look, what a browser shows of a real engine, and that it costs nothing unwatched.

const HOSTILE = '<img src=x onerror="document.title=\'harmed\'">';
const PREFIX = 'You are one of many agents. '.repeat(12);

let engine: Engine;
let server: Server;
beforeAll(async () => {
  engine = await Engine.load({ threads: 1, kvTokens: 4096 });
  server = await serve(engine, { port: 0, modelName: HOSTILE });
});
afterAll(async () => {
  await server.close();
  await engine.close();
});

test('what is not for all tenants needs the key of an administrator; the page itself holds nothing', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'banyan-inspector-')), 'keys.json');
  const digest = (key: string) => createHash('sha256').update(key).digest('hex');
  const tenants = [
    { name: 'acme', keys: [digest('a')] },
    { name: 'operator', keys: [digest('o')], admin: true },
  ];
  writeFileSync(file, JSON.stringify({ tenants }));
  await using closed = await serve(engine, { port: 0, keysFile: file });
  const status = async (path: string, key?: string) => {
    const headers: Record<string, string> = key === undefined ? {} : { authorization: `Bearer ${key}` };
    const answer = await fetch(`${closed.url}${path}`, { headers });
    await answer.body?.cancel();
    return answer.status;
  };
  expect(await status('/inspector')).toBe(200);
  expect(await status('/inspector/events')).toBe(401);
  expect(await status('/inspector/events', 'a')).toBe(403);
  expect(await status('/inspector/events', 'o')).toBe(200);
  expect(await status('/inspector/..%2f..%2fpackage.json', 'o')).toBe(404);
  await using off = await serve(engine, { port: 0, inspector: false });
  expect((await fetch(`${off.url}/inspector`)).status).toBe(404);
  expect((await fetch(`${off.url}/inspector/events`)).status).toBe(404);
});

test('the page runs no script but its own', async () => {
  const { headers } = await fetch(`${server.url}/inspector`);
  const policy = headers.get('content-security-policy') ?? '';
  for (const part of ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"])
    expect(policy).toContain(part);
  expect(policy).not.toContain('unsafe');
});

test('an engine is asked while one watches, and not before or after; calls are heard of when they end', async () => {
  const [snapshots, stats] = [vi.spyOn(engine, 'snapshot'), vi.spyOn(engine, 'stats')];
  const [calls, requests] = [vi.spyOn(engine, 'watchCalls'), vi.spyOn(engine, 'watchRequests')];
  const feed = new InspectorFeed(engine, 'x');
  await engine.generate('unwatched', { maxTokens: 8 });
  expect([snapshots, stats, requests].map(({ mock }) => mock.calls.length)).toEqual([0, 0, 0]);
  expect(calls.mock.calls.length).toBe(1);
  const heard: number[] = [];
  const leave = await new Promise<() => void>((resolve) => {
    const end = feed.watch((event) => {
      if (heard.push((JSON.parse(event.slice('data: '.length)) as Told).calls.length) === 2) resolve(end);
      return true;
    });
  });
  leave();
  expect(heard).toEqual([1, 0]);
  const asked = snapshots.mock.calls.length;
  vi.useFakeTimers();
  vi.advanceTimersByTime(5_000);
  vi.useRealTimers();
  expect(snapshots.mock.calls.length).toBe(asked);
  feed.close();
  vi.restoreAllMocks();
});

test('pages that read each event, and pages that miss some, see the same tree', async () => {
  const prompts = Array.from({ length: 24 }, (_, at) => Int32Array.of(300 + at, 60)); // of few nodes it is shorter to tell all
  await Promise.all(prompts.map((prompt) => engine.generate(prompt, { maxTokens: 0 })));
  const feed = new InspectorFeed(engine, 'x');
  const reader = (reads: (event: number) => boolean) => {
    let [asked, shown] = [0, undefined as Shown | undefined];
    const partly: boolean[] = [];
    const seen = new Promise<{ shown: Shown; partly: boolean[] }>((resolve) => {
      const leave = feed.watch((event) => {
        if (!reads(asked++)) return false;
        const told = JSON.parse(event.slice('data: '.length)) as Told;
        partly.push(told.tables.nodes.runs !== undefined);
        shown = shownAfter(shown, told);
        if (asked === 4) setImmediate(() => leave());
        if (asked === 4) resolve({ shown, partly });
        else void engine.generate(`Event ${asked}`, { maxTokens: 1 });
        return true;
      });
    });
    return seen;
  };
  const [all, some] = await Promise.all([reader(() => true), reader((event) => event !== 2)]);
  feed.close();
  expect([all.partly, some.partly]).toEqual([
    [false, true, true, true],
    [false, true, false],
  ]);
  expect(rowsOf(all.shown.tables.nodes).length).toBeGreaterThan(24);
  expect(rowsOf(some.shown.tables.nodes)).toEqual(rowsOf(all.shown.tables.nodes));
  expect(some.shown.pages).toEqual(all.shown.pages);
});

describe.skipIf(!browser)('in a browser', () => {
  let opened: Browser;
  let page: Page;
  const faults: string[] = [];
  beforeAll(async () => {
    opened = await chromium.launch({ executablePath: browser as string, args: ['--no-sandbox'] });
    page = await opened.newPage();
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
    page.on('request', (request) => {
      if (!request.url().startsWith(server.url)) faults.push(request.url());
    });
    await page.goto(`${server.url}/inspector`);
    await page.locator('#state', { hasText: 'live' }).waitFor();
    for (const name of ['one', 'two', 'three']) {
      const agent = engine.program();
      for (const turn of [1, 2, 3]) {
        const text = turn === 3 ? `${name}: another beginning` : `${PREFIX}${name} ${'and on '.repeat(turn)}`;
        await engine.generate(text, { program: agent, maxTokens: 4, label: HOSTILE });
      }
    }
    const third = page.locator('#agents tbody tr').nth(2);
    await third.locator('td:nth-child(4)', { hasText: /^3$/ }).waitFor(); // all calls have come
  });
  afterAll(() => opened.close());

  test("an agent's third call says why it missed, two clicks away", async () => {
    await page.locator('#agents tbody button').first().click();
    const third = page.locator('#life tbody tr').nth(2);
    await third.waitFor();
    expect(await third.locator('td').first().textContent()).toBe('3');
    expect(await third.textContent()).toMatch(/from token \d+ on this prompt differs from what was cached/);
    expect(await page.locator('#life tbody tr').nth(1).textContent()).toMatch(/\d+ of \d+ tokens were cached: /);
  });

  test('what has the focus, and what is marked, stays so while numbers change', async () => {
    const button = page.locator('#agents tbody button').nth(1);
    await button.focus();
    await page.evaluate("getSelection().selectAllChildren(document.querySelector('#agents tbody tr:nth-child(2)'))");
    const marked = await page.evaluate('String(getSelection())');
    const made = await page.evaluate(
      "(window.row = document.querySelector('#agents tbody tr:nth-child(2)')).textContent",
    );
    await engine.generate('one more', { program: engine.program(), maxTokens: 2 });
    await page.locator('#agents tbody tr').nth(3).waitFor();
    expect(await page.evaluate("window.row === document.querySelector('#agents tbody tr:nth-child(2)')")).toBe(true);
    expect(await page.evaluate("document.activeElement === window.row.querySelector('button')")).toBe(true);
    expect(await page.evaluate('String(getSelection())')).toBe(marked);
    expect(await page.evaluate('window.row.textContent')).toBe(made);
  });

  test('the arrow keys go through the tree', async () => {
    await page.locator('#tree').focus();
    await page.keyboard.press('ArrowRight');
    const first = await page.locator('#node').textContent();
    expect(first).toMatch(/^Node \d+: tokens 1 to /);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowRight');
    expect(await page.locator('#node').textContent()).not.toBe(first);
  });

  test('names from outside are texts; nothing was asked elsewhere, nothing failed', async () => {
    expect(await page.title()).toBe('Banyan: inspector');
    expect(await page.locator('#numbers').textContent()).toContain(HOSTILE);
    expect(await page.locator('img').count()).toBe(0);
    expect(faults).toEqual([]);
  });

  test('light, dark and narrow', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: artefact(`inspector-${colorScheme}.png`), fullPage: true });
      const back = await page.evaluate('getComputedStyle(document.body).backgroundColor');
      expect(back).toBe(colorScheme === 'light' ? 'rgb(253, 253, 252)' : 'rgb(22, 24, 27)');
    }
    await page.setViewportSize({ width: 400, height: 800 });
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
  });
});
