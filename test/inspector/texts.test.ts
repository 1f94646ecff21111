import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { AuditLog } from '../../src/audit/audit-log.js';
import type { AuditEntry } from '../../src/audit/entry.js';
import { Engine } from '../../src/engine/engine.js';
import type { WatchedCall } from '../../src/engine/watch/call-watch.js';
import { textOfCall } from '../../src/inspector/call-text.js';
import { KeptTexts } from '../../src/inspector/kept-texts.js';
import type { CallText } from '../../src/inspector/told-types.js';
import { type Server, serve } from '../../src/server/serve.js';
import { artefact, browser } from '../support/browser.js';
import { codeOf } from '../support/expect-code.js';

// The text of one call, for an administrator who asks for it: who may, that it is on record, and that it is text and nothing else.

const HOSTILE = '<img src=x onerror="document.title=\'harmed\'"> & so on';
const PREFIX = 'What two agents have in common. '.repeat(8);
const folder = mkdtempSync(join(tmpdir(), 'banyan-texts-'));
const path = join(folder, 'audit.jsonl');
const looks = () =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as AuditEntry)
    .filter(({ type }) => type === 'text-read');

let engine: Engine;
let log: AuditLog;
let unaudit: () => void;
let server: Server;
beforeAll(async () => {
  engine = await Engine.load({ threads: 1, kvTokens: 4096 });
  log = await AuditLog.open(path);
  unaudit = engine.audit(log);
  const digest = (key: string) => createHash('sha256').update(key).digest('hex');
  const tenants = [
    { name: 'acme', keys: [digest('a')] },
    { name: 'operator', keys: [digest('o')], admin: true },
  ];
  writeFileSync(join(folder, 'keys.json'), JSON.stringify({ tenants }));
  server = await serve(engine, { port: 0, keysFile: join(folder, 'keys.json'), inspectorText: true });
  for (const end of ['one', HOSTILE, 'another']) {
    const program = engine.program();
    await engine.generate(PREFIX + end, { program, maxTokens: 4, temperature: 0, tenant: 'acme', label: end });
  }
});
afterAll(async () => {
  await server.close();
  unaudit();
  await log.close();
  await engine.close();
  rmSync(folder, { recursive: true });
});

const ask = async (query: string, key = 'o', url = server.url) => {
  const answer = await fetch(`${url}/inspector/text${query}`, { headers: { authorization: `Bearer ${key}` } });
  return { status: answer.status, headers: answer.headers, body: (await answer.json()) as CallText & Refusal };
};
interface Refusal {
  error: { code: string; message: string; param?: string };
}

test('an administrator gets the text of one call, in its parts, and that is on record before', async () => {
  const { status, headers, body } = await ask('?call=2');
  expect([status, headers.get('cache-control'), headers.get('content-type')]).toEqual([
    200,
    'no-store',
    expect.stringMatching(/^application\/json/),
  ]);
  expect(body).toMatchObject({ tenant: 'acme', label: HOSTILE });
  expect(body.parts.map(({ of }) => of)).toEqual(['cached', 'computed', 'answer']);
  const [cached, computed] = body.parts;
  expect(`${cached?.text}${computed?.text}`).toContain(PREFIX + HOSTILE);
  expect(PREFIX).toContain(cached?.text.slice(-20));
  expect(looks()).toMatchObject([{ by: 'operator', tenant: 'acme', label: HOSTILE, from: 0 }]);
  const part = await ask('?call=2&from=2&to=5');
  expect(part.body.parts).toEqual([{ of: 'cached', from: 2, tokens: 3, text: expect.any(String) }]);
  expect(looks()[1]).toMatchObject({ from: 2, to: 5 });
});

test('another key does not, and what is not there is said', async () => {
  const before = looks().length;
  const refused = [
    ['?call=2', 'a', 403, 'not_admin'],
    ['?call=2', 'x', 401, 'invalid_api_key'],
    ['?call=99', 'o', 404, 'not_found'],
    ['?call=2&feed=another', 'o', 404, 'not_found'], // of the engine that the model had before
    ['', 'o', 400, 'invalid_request'],
    ['?call=-1', 'o', 400, 'invalid_request'],
    ['?call=2&from=1e3', 'o', 400, 'invalid_request'],
  ] as const;
  for (const [query, key, status, code] of refused) {
    const { body, ...told } = await ask(query, key);
    expect([query, told.status, body.error.code]).toEqual([query, status, code]);
  }
  expect((await ask('?call=2&from=9&to=3')).body.parts).toEqual([]); // none of its tokens
  expect((await ask('?call=2&from=999999999999999')).body.parts).toEqual([]);
  expect(looks()).toHaveLength(before + 2);
});

test('where it is off, or not on record, it says how to switch it on; over the network it needs keys', async () => {
  await using off = await serve(engine, { port: 0 });
  const { status, body } = await ask('?call=1', '', off.url);
  expect([status, body.error.code]).toEqual([403, 'texts_not_shown']);
  expect(body.error.message).toContain('--inspector-text');
  unaudit();
  const unaudited = await ask('?call=2');
  expect([unaudited.status, unaudited.body.error.message]).toEqual([403, expect.stringContaining('--audit')]);
  unaudit = engine.audit(log);
  const open = { port: 0, host: '0.0.0.0', noAuth: true, inspectorText: true };
  expect(await codeOf(() => serve(engine, open))).toBe('INVALID_OPTION');
  expect(await codeOf(() => serve(engine, { inspector: false, inspectorText: true }))).toBe('INVALID_OPTION');
});

test('a look that cannot be recorded shows nothing', async () => {
  const failing = vi.spyOn(log, 'flush').mockRejectedValue(
    await AuditLog.open(folder).then(
      () => undefined,
      (reason: unknown) => reason,
    ),
  );
  const { status, body } = await ask('?call=2');
  failing.mockRestore();
  expect([status, body.error.code, body.parts]).toEqual([503, 'audit_failed', undefined]);
});

const call = (prompt: number, output = 0) =>
  ({ prompt: new Int32Array(prompt), output: new Array<number>(output).fill(0), usage: {} }) as unknown as WatchedCall;

test('of the latest calls as many are kept as there is room for', () => {
  const kept = new KeptTexts(100);
  for (let order = 1; order <= 9; order++) kept.add(order, call(20, 10));
  expect([6, 7, 8, 9].map((order) => kept.get(order) !== undefined)).toEqual([false, true, true, true]);
  kept.add(10, call(101)); // by itself too long: it takes no other's place
  expect([kept.get(9) !== undefined, kept.get(10)]).toEqual([true, undefined]);
  kept.add(11, call(100));
  expect([kept.get(9), kept.get(11) !== undefined]).toEqual([undefined, true]);
});

test('a long text is whole, wherever it is cut to be read', async () => {
  const bytes = { detokenize: (tokens: Int32Array | readonly number[]) => Buffer.from(tokens).toString('utf8') };
  const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 4 }).map((some) => some.repeat(3_000));
  await fc.assert(
    fc.asyncProperty(text, fc.nat(), async (said, at) => {
      const all = Int32Array.from(Buffer.from(said));
      const answer = [...Buffer.from('ende')];
      const about = { tenant: '', label: '', program: 0, output: answer };
      const { parts } = await textOfCall(bytes, { ...about, prompt: all, cached: 0 });
      expect(parts.map((part) => part.text)).toEqual([said, 'ende']);
      const cached = at % all.length;
      const cut = await textOfCall(bytes, { ...about, prompt: all, cached });
      expect(cut.parts.reduce((sum, { tokens }) => sum + tokens, 0)).toBe(all.length + 4);
      expect(cut.parts.find(({ of }) => of === 'computed')?.from).toBe(cached);
    }),
    { numRuns: 20 },
  );
});

describe.skipIf(!browser)('in a browser', () => {
  let opened: Browser;
  let page: Page;
  const [faults, asked]: [string[], string[]] = [[], []];
  beforeAll(async () => {
    opened = await chromium.launch({ executablePath: browser as string, args: ['--no-sandbox'] });
    page = await opened.newPage();
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('request', (request) => {
      if (request.url().includes('/inspector/text?')) asked.push(request.url());
      if (!request.url().startsWith(server.url)) faults.push(request.url());
    });
    await page.goto(`${server.url}/inspector`);
    await page.locator('#key').fill('o');
    await page.keyboard.press('Enter');
    await page.locator('#agents tbody tr').nth(2).waitFor();
    await page.locator('#agents tbody button').nth(1).click();
    await page.locator('#life tbody button').first().click();
  });
  afterAll(() => opened.close());
  /** Another agent, which the page shows: moments have gone on. */
  const another = async () => {
    const rows = await page.locator('#agents tbody tr').count();
    await engine.generate('x', { program: engine.program(), maxTokens: 1 });
    await page.locator('#agents tbody tr').nth(rows).waitFor();
  };

  test('the text of a call comes when its button is pressed, as text', async () => {
    const button = page.locator('#call-text-ask');
    expect(await button.textContent()).toBe('Show the text of call 1');
    await another();
    expect(asked).toEqual([]);
    await button.focus();
    await page.keyboard.press('Enter');
    await page.locator('#call-text pre').nth(2).waitFor();
    expect((await page.locator('#call-text pre').allTextContents()).join('')).toContain(PREFIX + HOSTILE);
    expect(await page.locator('#call-text h4').first().textContent()).toMatch(/^Tokens 1 to \d+, from the cache$/);
    expect([await page.locator('img').count(), await page.title()]).toEqual([0, 'Banyan: inspector']);
    await another();
    expect(await page.locator('#call-text pre').count()).toBe(3); // it stays while numbers change
    expect(asked).toHaveLength(1);
    expect(looks().at(-1)).toMatchObject({ by: 'operator', label: HOSTILE });
  });

  test('the text of a node is that of its tokens', async () => {
    await page.locator('#tree').focus();
    for (let steps = 0; steps < 4; steps++) await page.keyboard.press('ArrowUp');
    await page.keyboard.press('ArrowRight');
    await page.locator('#node-text-ask').click();
    await page.locator('#node-text pre').first().waitFor();
    const [, last = ''] = /tokens 1 to ([\d,]+);/.exec((await page.locator('#node').textContent()) ?? '') ?? [];
    const { body } = await ask(`?call=2&from=0&to=${last.replaceAll(',', '')}`);
    const texts = await page.locator('#node-text pre').allTextContents();
    expect(texts.join('')).toBe(body.parts.map(({ text }) => text).join(''));
    expect(texts.join('')).toContain('What two agents');
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: artefact(`inspector-text-${colorScheme}.png`), fullPage: true });
    }
  });

  test('another choice takes it away; where texts are off the page says how to switch them on', async () => {
    await page.locator('#agents tbody button').first().click();
    expect(await page.locator('#call-text pre').count()).toBe(0);
    await using off = await serve(engine, { port: 0 });
    const other = await opened.newPage();
    await other.goto(`${off.url}/inspector`);
    await other.locator('#state', { hasText: 'live' }).waitFor();
    await engine.generate(PREFIX, { program: engine.program(), maxTokens: 2 });
    await other.locator('#agents tbody tr').nth(5).locator('button').click();
    await other.locator('#life tbody button').first().click();
    expect(await other.locator('#call-text-note').textContent()).toContain(
      'banyan serve --inspector-text --audit <path>',
    );
    expect(await other.locator('#call-text-ask').isVisible()).toBe(false);
    await other.close();
    expect(faults).toEqual([]);
  });
});
