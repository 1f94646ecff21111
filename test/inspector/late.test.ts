import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Engine } from '../../src/engine/engine.js';
import { type Server, serve } from '../../src/server/serve.js';
import { artefact, browser } from '../support/browser.js';

// A page that is opened when all calls have ended: which agent stands out, which of its calls missed, where and why.

const AGENTS = [1, 2, 3, 4, 5];
const ODD = 4;
const MANY = 60;
const instructions = (time: string) => `You answer questions on units. It is ${time}. Be short. `.repeat(6);

describe.skipIf(!browser)('a page that comes late', () => {
  let engine: Engine;
  let server: Server;
  let opened: Browser;
  let page: Page;
  beforeAll(async () => {
    engine = await Engine.load({ threads: 1, kvTokens: 16_384 });
    server = await serve(engine, { port: 0 });
    const programs = AGENTS.map(() => engine.program());
    await engine.generate([{ role: 'user', content: 'Which?' }], { maxTokens: 2 });
    for (const call of [1, 2, 3, 4]) {
      for (const [at, program] of programs.entries()) {
        const content = instructions(at + 1 === ODD && call === 3 ? '14:07:31' : '14:00:00');
        const question = {
          role: 'user' as const,
          content: `Question ${'and one more '.repeat(call)} of agent ${at + 1}`,
        };
        await engine.generate([{ role: 'system', content }, question], {
          program,
          maxTokens: 4,
          label: `run ${at + 1}`,
        });
      }
    }
    opened = await chromium.launch({ executablePath: browser as string, args: ['--no-sandbox'] });
    page = await opened.newPage();
    await page.goto(`${server.url}/inspector`);
    await page.locator('#agents tbody tr').nth(AGENTS.length).waitFor();
  });
  afterAll(async () => {
    await opened?.close();
    await server.close();
    await engine.close();
  });

  const pixel = () =>
    page.evaluate("[...document.querySelector('#tree').getContext('2d').getImageData(1, 1, 1, 1).data].slice(0, 3)");

  test('the agent that has least from the cache is marked, with a reason and a word', async () => {
    expect(await page.locator('#agents-note').textContent()).toMatch(/^▼ .*median \d+ %\): agent 4\.$/);
    expect(await page.locator('#agents td.low').count()).toBe(1);
    const row = page.locator('#agents tbody tr').nth(ODD - 1);
    expect(await row.locator('td.low').textContent()).toMatch(/^▼ \d+ %$/);
    expect(await row.locator('td.low').getAttribute('title')).toContain('10 points or more below the median');
    expect(await row.textContent()).toMatch(/^4run 4acting since \d{2}:\d{2}:\d{2}4/);
  });

  test('what is empty says why', async () => {
    expect(await page.locator('#requests-note').textContent()).toBe('None now: nothing runs and nothing waits.');
    expect(await page.locator('#requests').isVisible()).toBe(false);
    expect(await page.locator('#life-note').textContent()).toBe('Choose an agent above to see its calls.');
    expect(await page.locator('#numbers').textContent()).toMatch(
      /: \d+ % of [\d,]+ prompt tokens from the cache · 0 running · 0 waiting · .* · 0 evicted so far · \d+ nodes · last call \d+ s ago$/,
    );
  });

  test('its third call tells the token, the message, its role and the kind of text; its path in the tree is outlined', async () => {
    const before = await pixel();
    await page
      .locator('#agents tbody button')
      .nth(ODD - 1)
      .click();
    const third = page.locator('#life tbody tr').nth(2);
    expect(await third.textContent()).toMatch(
      /(\d+) of \d+ tokens were cached: from token \d+ on, in message 1 \(system\) at character \d+, in what looks like a time, this prompt differs from what was cached/,
    );
    expect(await third.locator('td.low').count()).toBe(1);
    expect(await page.locator('#agents tr[aria-current=true] td').first().textContent()).toBe(String(ODD));
    expect(await page.locator('#path-words').textContent()).toContain(`outlined: what agent ${ODD} has`);
    expect(await pixel()).not.toEqual(before);
    expect(await pixel()).toEqual([26, 29, 33]); // the ink of the page
    await third.locator('button').click();
    const node = await page.locator('#node').textContent();
    expect(node).toContain(`of agent ${ODD} alone`);
    expect(node).toContain(`call 3 of agent ${ODD} ends here`);
  });

  test('heads sort, by keys too, and say how', async () => {
    const head = page.locator('#agents th', { hasText: 'cached' });
    await head.locator('button').focus();
    await page.keyboard.press('Enter');
    expect(await head.getAttribute('aria-sort')).toBe('descending');
    await page.keyboard.press('Enter');
    expect(await head.getAttribute('aria-sort')).toBe('ascending');
    const first = page.locator('#agents tbody tr td').first();
    expect(await first.textContent()).toBe('none');
    const cells = await page.locator('#agents tbody td:nth-child(6)').allTextContents();
    const shares = cells.map((text) => Number(/\d+/.exec(text)));
    expect(new Set(shares).size).toBeGreaterThan(2);
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
    await page.keyboard.press('Enter');
    expect(await head.getAttribute('aria-sort')).toBe(null);
    expect(await first.textContent()).toBe('1');
  });

  test('bars, squares and boxes say what they are when the pointer is on them', async () => {
    for (const [canvas, says] of [
      ['tree', /^Node \d+: tokens 1 to /],
      ['pages', /^Pages? [\d ]+.*: \w+ \(/],
    ] as const) {
      await page.locator(`#${canvas}`).hover({ position: { x: 6, y: 6 } });
      expect(await page.locator('#tip').textContent()).toMatch(says);
    }
    await page.locator('#steps').focus();
    const latest = await page.locator('#steps-note').textContent();
    await page.keyboard.press('ArrowLeft');
    expect(await page.locator('#steps-note').textContent()).not.toBe(latest);
  });

  test('where calls were dropped the table says how many there were', async () => {
    const busy = engine.program();
    for (let call = 0; call < MANY; call++) await engine.generate('x', { program: busy, maxTokens: 1 });
    const late = await opened.newPage();
    await late.goto(`${server.url}/inspector`);
    await late.locator('#agents tbody tr').nth(AGENTS.length).locator('button').click();
    await late.locator('#life tbody tr').nth(49).waitFor();
    expect(await late.locator('#life-note').textContent()).toBe(`${MANY} calls, the last 50 are kept.`);
    expect(await late.locator('#life tbody td').first().textContent()).toBe('11');
    expect(await late.locator('#agents-note').textContent()).toContain('): agent 4.'); // one token is never cached
    await late
      .locator('#agents tbody button')
      .nth(ODD - 1)
      .click();
    expect(await late.locator('#life tbody tr').count()).toBe(4); // none of its own went
    await late.close();
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: artefact(`inspector-late-${colorScheme}.png`), fullPage: true });
    }
  });
});
