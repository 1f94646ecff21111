import { mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { cacheOf, forServer, placeOf } from '../../src/cli/cache/cache-place.js';
import { chosen } from '../../src/cli/cache/chosen.js';
import { agoInWords, bytesInWords, secondsOf } from '../../src/cli/cache/sizes.js';
import { Engine } from '../../src/index.js';
import type { NativeKeptModel } from '../../src/native/reports/kept-model.js';
import { runScript } from '../support/run-script.js';

/* `banyan cache` on a directory that engines of two page types wrote, one of them still open. */

vi.setConfig({ testTimeout: 600_000 }); // each command is a process, on a machine that may be busy

let root: string;
let dir: string;
let open: Engine;
const SYSTEM = 'You are a helpful assistant of a small shop that sells maps, compasses and tents. '.repeat(12);
const greedy = { temperature: 0, maxTokens: 16, durable: true };
const messages = [
  { role: 'system' as const, content: SYSTEM },
  { role: 'user' as const, content: 'What can you do?' },
];

const load = (kvType: 'f16' | 'q8_0') => Engine.load({ kvTokens: 4096, kvType, cache: { dir } });

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'banyan-cache-'));
  dir = join(root, 'made', 'with', 'its', 'parents');
  const small = await load('q8_0');
  await small.generate(messages, { ...greedy, tenant: 'acme' });
  await small.generate(messages, greedy);
  await small.close();
  open = await load('f16');
  await open.generate(messages, greedy);
  await until(async () => (await open.stats()).disk.stores > 4);
});
afterAll(async () => {
  await open?.close();
  await rm(root, { recursive: true, force: true });
});

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
}

const cache = (...args: string[]) => runScript('src/cli/main.ts', ['cache', ...args, '--cache-dir', dir]);
const listed = async () => JSON.parse((await cache('ls', '--json')).stdout) as Listed[];
type Listed = NativeKeptModel & { usedBytes: number; model: string; id: string; lastUsed: string };

test('ls names each model, its pages and tenants, and which is in use', async () => {
  const models = await listed();
  expect(models).toHaveLength(2);
  const [used, left] = [models.find(({ inUse }) => inUse), models.find(({ inUse }) => !inUse)];
  expect(used?.model).toBe(left?.model);
  expect(used?.id).not.toBe(left?.id);
  expect(used?.identity.startsWith(used.id)).toBe(true);
  expect(left?.pageBytes).toBeLessThan(used?.pageBytes ?? 0);
  expect(used?.tenants.map(({ tag }) => tag)).toEqual(['']);
  const tags = left?.tenants.map(({ tag }) => tag) ?? [];
  expect(tags).toHaveLength(2);
  expect(tags).toContain('');
  expect(tags.join()).not.toContain('acme');
  expect(left?.tenants.reduce((sum, { pages }) => sum + pages, 0)).toBe(left?.pages);
  expect(left?.fixedPages).toBeGreaterThan(0);
  expect(left?.usedBytes).toBe((left?.pages ?? 0) * (left?.pageBytes ?? 0));
  expect(left?.usedBytes).toBeLessThan(left?.bytes ?? 0);
  expect(Date.now() - Date.parse(left?.lastUsed ?? '')).toBeLessThan(600_000);
  const { stdout } = await cache('ls');
  expect(stdout).toMatch(/^MODEL +ID +USED +ON DISK +PAGES +LAST USED +TENANTS\n/);
  expect(stdout).toContain('in use');
});

test('stats adds up what ls shows', async () => {
  const models = await listed();
  const totals = JSON.parse((await cache('stats', '--json')).stdout);
  const sum = (of: (model: Listed) => number) => models.reduce((total, model) => total + of(model), 0);
  expect(totals).toMatchObject({ dir, models: 2, inUse: 1, pages: sum(({ pages }) => pages) });
  expect(totals.bytes).toBe(sum(({ bytes }) => bytes));
  expect((await cache('stats')).stdout).toContain(bytesInWords(totals.bytes));
});

test('rm removes only what a store made, of the models that were chosen, also of one in use', async () => {
  const elsewhere = join(root, 'elsewhere');
  await mkdir(elsewhere);
  await writeFile(join(elsewhere, '0.slots'), 'mine');
  await symlink(elsewhere, join(dir, '0123456789abcdef-pages'));
  await writeFile(join(dir, 'notes.txt'), 'mine');
  const before = await listed();
  const left = before.find(({ inUse }) => !inUse) as Listed;
  expect((await cache('rm')).stderr).toMatch(/^INVALID_OPTION: say what goes/);
  expect((await cache('rm', 'no such model')).stderr).toMatch(/nothing is kept of "no such model"/);
  await cache('rm', left.id, '--dry-run');
  expect(await listed()).toHaveLength(2);
  expect(JSON.parse((await cache('rm', '--older-than', '1h', '--json')).stdout).removed).toEqual([]);
  expect(JSON.parse((await cache('rm', left.id, '--json')).stdout)).toMatchObject({ bytes: left.bytes });
  expect((await listed()).map(({ id }) => id)).toEqual(before.filter(({ inUse }) => inUse).map(({ id }) => id));
  await cache('rm', '--all');
  // The engine that uses it finds a part of its own again, and answers all the while.
  const again = await open.generate(messages, greedy);
  expect(again.tokens.length).toBeGreaterThan(0);
  await until(async () => {
    await open.clearCache();
    await open.generate(messages, greedy);
    return (await listed()).some(({ pages }) => pages > 0);
  });
  expect((await readdir(dir)).sort()).toEqual(
    expect.arrayContaining(['0123456789abcdef-pages', 'notes.txt', 'secret']),
  );
  expect((await stat(join(elsewhere, '0.slots'))).size).toBe(4);
});

test('a directory that is not there keeps nothing, and is not made', async () => {
  const none = join(root, 'none');
  expect((await runScript('src/cli/main.ts', ['cache', 'ls', '--cache-dir', none])).stdout).toBe(
    `${none} keeps nothing\n`,
  );
  expect(
    JSON.parse((await runScript('src/cli/main.ts', ['cache', 'stats', '--json', '--cache-dir', none])).stdout).bytes,
  ).toBe(0);
  await expect(stat(none)).rejects.toThrow();
  await writeFile(none, '');
  expect((await runScript('src/cli/main.ts', ['cache', 'ls', '--cache-dir', none])).stderr).toBe(
    `CACHE_FAILED: ${none} is no directory\n`,
  );
});

test('where pages are kept: the flag, the variable, the cache directory of the user', () => {
  const bound = { bytes: 10 * 2 ** 30, freeShare: 0.05 };
  expect(cacheOf({ diskCache: true, cacheDir: '/a' }, { BANYAN_CACHE_DIR: '/b' })).toEqual({ dir: '/a', ...bound });
  expect(cacheOf({ diskCache: true }, { BANYAN_CACHE_DIR: '/b' })?.dir).toBe('/b');
  expect(cacheOf({ diskCache: true }, { XDG_CACHE_HOME: '/c' })?.dir).toBe('/c/banyan/kv');
  expect(cacheOf({ diskCache: true }, { BANYAN_CACHE_DIR: '' })).toBeUndefined();
  expect(cacheOf({ diskCache: false, cacheDir: '/a' }, {})).toBeUndefined();
  expect(forServer({ cache: cacheOf({ diskCache: true, cacheDir: '/a' }, {}) })).toEqual({
    cache: { dir: '/a', ...bound, prefetch: 0.25 },
  });
  expect(forServer({ cache: undefined })).toEqual({ cache: undefined });
  expect(placeOf(undefined, { XDG_CACHE_HOME: '/c' })).toBe('/c/banyan/kv');
  expect(() => placeOf(undefined, { BANYAN_CACHE_DIR: '' })).toThrow('no pages are kept on disk');
});

test('who is chosen by name, id and age', () => {
  const model = (label: string, folder: string, usedAt: number) => ({ label, folder, usedAt }) as NativeKeptModel;
  const models = [
    model('Qwen', 'aaaa0000-pages', 100),
    model('qwen', 'aabb0000-pages', 900),
    model('', 'cccc0000-pages', 0),
  ];
  const of = (names: string[], flags: { all?: boolean; olderThan?: number } = {}) =>
    chosen(models, names, { all: false, ...flags }, 1000).map(({ folder }) => folder.slice(0, 4));
  expect(of(['QWEN'])).toEqual(['aaaa', 'aabb']);
  expect(of(['aabb', 'cccc0'])).toEqual(['aabb', 'cccc']);
  expect(of([], { all: true })).toHaveLength(3);
  expect(of([], { olderThan: 500 })).toEqual(['aaaa', 'cccc']);
  expect(of(['qwen'], { olderThan: 500 })).toEqual(['aaaa']);
  expect(() => of(['aaa'])).toThrow('nothing is kept of "aaa"');
  expect(() => of(['qwen'], { all: true })).toThrow('say one of them');
});

test('sizes and spans in words', () => {
  expect([0, 1023, 1536, 3 * 2 ** 30].map(bytesInWords)).toEqual(['0 B', '1020 B', '1.5 KiB', '3 GiB']);
  expect([5, 61, 7300, 172_801].map(agoInWords)).toEqual(['just now', '1 minute ago', '2 hours ago', '2 days ago']);
  expect(['90m', '12h', '30d', '5', 'd', '-1d'].map(secondsOf)).toEqual([
    5400,
    43_200,
    2_592_000,
    undefined,
    undefined,
    undefined,
  ]);
});
