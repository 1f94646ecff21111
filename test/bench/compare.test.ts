import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runScript } from '../support/run-script.js';

// The harness as a person runs it: by its command, on a model of two layers.

const BROWSERS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const browser = process.env.CHROMIUM ?? BROWSERS.find((path) => existsSync(path));
if (!browser) console.log('The page of a comparison is not opened: no Chromium (CHROMIUM=<path>)');

const folder = mkdtempSync(join(tmpdir(), 'banyan-compare-'));
const file = (name: string) => join(folder, name);
const WHAT = ['--cases', 'W1', '--model', 'small', '--runs', '2', '--threads', '1'];
const compare = (...args: string[]) =>
  runScript('bench/run.ts', ['compare', ...WHAT, ...args], '', { BENCH_RESULTS: folder, LLAMA_SERVER: '/nonexistent' });

interface Line {
  case: string;
  system: string;
  run: number;
  measurement: { cost?: { promptTokens: number; prefilledTokens: number; outputTokens: number }; error?: string };
}
const log = () => readFileSync(file('compare.jsonl'), 'utf8').trimEnd().split('\n');
const lines = () =>
  log()
    .slice(1)
    .map((line) => JSON.parse(line) as Line);

/** Writes a log of earlier runs, as if those of a case had taken so many seconds. */
function earlierTook(seconds: Record<string, number>): void {
  const [head = ''] = log();
  const runs = Object.entries(seconds).flatMap(([name, took]) =>
    Array.from({ length: 5 }, (_, run) => ({ case: name, system: 'banyan', run, seconds: took, measurement: {} })),
  );
  writeFileSync(file('compare.jsonl'), `${[head, ...runs.map((line) => JSON.stringify(line))].join('\n')}\n`);
}

/** Answers every completion with as many tokens as it is asked for, and has half of each prompt cached. */
const server = createServer((request, response) => {
  if (request.url === '/v1/models') return void response.end('{"data": [{"id": "a"}]}');
  let body = '';
  request.on('data', (text) => {
    body += text;
  });
  request.on('end', () => {
    const { prompt, max_tokens } = JSON.parse(body) as { prompt: number[]; max_tokens: number };
    const told = { choices: [{ token_ids: Array.from({ length: max_tokens }, (_, i) => i) }] };
    const cached_tokens = prompt.length >> 1;
    const usage = { prompt_tokens: prompt.length, prompt_tokens_details: { cached_tokens } };
    for (const chunk of [told, { choices: [], usage }]) response.write(`data: ${JSON.stringify(chunk)}\n\n`);
    response.end('data: [DONE]\n\n');
  });
});

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  const first = await compare('--systems', `banyan,cache-off,llama-server,other=${url},dead=http://127.0.0.1:1/v1`);
  expect(first.code, first.stderr).toBe(0);
  expect(first.stderr).toContain('llama-server is left out: no llama-server');
}, 300_000);

afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

test('every system does the same work, by turns, and a dead one loses its runs only', () => {
  const short = lines().map(({ system, run }) => `${system.split('=')[0]} ${run}`);
  expect(short.slice(0, 4)).toEqual(['banyan 0', 'cache-off 0', 'other 0', 'dead 0']);
  expect(short.slice(4)).toEqual(['dead 1', 'other 1', 'cache-off 1', 'banyan 1']);
  for (const run of [0, 1]) {
    const [ours, off, other, dead] = ['banyan', 'cache-off', 'other', 'dead'].map(
      (name) => lines().find((line) => line.system.split('=')[0] === name && line.run === run)?.measurement,
    );
    expect(dead?.error).toBeTypeOf('string');
    const work = (of: Line['measurement'] | undefined) => [of?.cost?.promptTokens, of?.cost?.outputTokens];
    expect(work(off)).toEqual(work(ours));
    expect(work(other)).toEqual(work(ours));
    expect(off?.cost?.prefilledTokens).toBe(off?.cost?.promptTokens);
    expect(ours?.cost?.prefilledTokens).toBeLessThan((off?.cost?.prefilledTokens ?? 0) / 2);
    expect(other?.cost?.prefilledTokens).toBeGreaterThanOrEqual((other?.cost?.promptTokens ?? 0) / 2);
  }
});

test('a comparison that was cut goes on: what is whole stays, the torn line and the failures are measured again', async () => {
  const before = log();
  const ours = before.filter((line) => line.includes('"system":"banyan"'));
  writeFileSync(
    file('compare.jsonl'),
    `${[before[0], ours[0], ...before.filter((line) => line.includes('"error"'))].join('\n')}\n{"case":"W1","sys`,
  );
  const { code, stderr } = await compare('--systems', 'banyan,cache-off', '--resume');
  expect(code, stderr).toBe(0);
  expect(log()[1]).toBe(ours[0]);
  expect(lines().map(({ system, run }) => `${system} ${run}`)).toEqual([
    'banyan 0',
    'cache-off 0',
    'cache-off 1',
    'banyan 1',
  ]);
  const other = await compare('--systems', 'banyan', '--resume', '--threads', '2');
  expect(other.code).not.toBe(0);
  expect(other.stderr).toContain('was measured under');
}, 300_000);

test('each case is measured once, in their order, and short ones again first', async () => {
  earlierTook({ W1: 30, 'W4-reflect': 10 });
  const { code, stderr } = await compare('--systems', 'banyan', '--cases', 'W1,W4-reflect', '--minutes', '1');
  expect(code, stderr).toBe(0);
  const measured = lines().map((line) => `${line.case} ${line.run}`);
  expect(measured).toEqual(['W1 0', 'W4-reflect 0', 'W4-reflect 1', 'W1 1']);
}, 300_000);

test('what does not fit the minutes is measured once, as earlier runs took them; ratios that moved are told', async () => {
  earlierTook({ W1: 900 });
  const earlier = { tables: [{ columns: ['case', 'by', 'cache-off'], rows: [['W1', 'wall time', '90.00x']] }] };
  writeFileSync(file('earlier.json'), JSON.stringify(earlier));
  const more = ['--minutes', '1', '--against', file('earlier.json')];
  const { code, stderr, stdout } = await compare('--systems', 'banyan,cache-off', ...more);
  expect(code, stderr).toBe(0);
  expect(lines().map(({ system, run }) => `${system} ${run}`)).toEqual(['banyan 0', 'cache-off 0']);
  expect(stdout).toContain('1 of 1 ratios moved by more than 10%');
  expect(stdout).toMatch(/\| W1 over cache-off \| 90\.00x \| \d/);
}, 300_000);

test('names that are none are refused with those that there are', async () => {
  const system = await compare('--systems', 'vllm');
  expect([system.code === 0, system.stderr]).toEqual([
    false,
    expect.stringContaining('there are banyan, banyan-serve'),
  ]);
  const other = await compare('--cases', 'W9');
  expect([other.code === 0, other.stderr]).toEqual([false, expect.stringContaining('no case W9; there are W0')]);
});

test.skipIf(!browser)(
  'the page stands alone: it opens without a network, with its chart, its ratios and how it was measured',
  async () => {
    const opened = await chromium.launch({ executablePath: browser as string, args: ['--no-sandbox'] });
    try {
      const page = await opened.newPage();
      const faults: string[] = [];
      page.on('pageerror', (error) => faults.push(error.message));
      page.on('request', (request) => {
        if (!request.url().startsWith('file:')) faults.push(request.url());
      });
      await page.goto(pathToFileURL(file('compare.html')).href);
      expect(await page.title()).toBe('Banyan: comparison');
      expect(await page.locator('svg').count()).toBe(1);
      expect(await page.locator('table').first().locator('tbody tr td').first().textContent()).toBe('W1');
      const text = (await page.locator('body').textContent()) ?? '';
      for (const word of ['cache-off', 'by wall time', 'fresh process', 'npm run bench -- compare'])
        expect(text).toContain(word);
      // Wide tables scroll in themselves: the page does not.
      await page.setViewportSize({ width: 400, height: 800 });
      expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
      expect(faults).toEqual([]);
    } finally {
      await opened.close();
    }
  },
  60_000,
);
