import { createHash } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import type { ServerOptions } from '../../src/server/serve.js';
import { scriptedModels } from '../../testing/engine/serving-models.js';
import { runScript } from '../support/run-script.js';

// Another model under a name of a running server, asked for over HTTP and from the command line.

const digest = (key: string) => createHash('sha256').update(key).digest('hex');

function keysFile(): string {
  const file = join(mkdtempSync(join(tmpdir(), 'banyan-swap-')), 'keys.json');
  const tenants = [
    { name: 'operator', keys: [digest('o')], admin: true },
    { name: 'acme', keys: [digest('a')] },
  ];
  writeFileSync(file, JSON.stringify({ tenants }));
  return file;
}

/** A server with models a and b, which `operator` may swap. */
async function swapping(memoryBytes?: number, server: ServerOptions = { swaps: true }) {
  const options = memoryBytes === undefined ? {} : { memoryBytes };
  const it = await scriptedModels(['a', 'b'], options, { keysFile: keysFile(), aliases: { other: 'b' }, ...server });
  const post = (path: string, body: object, key = 'o', signal?: AbortSignal) =>
    it.post(path, body, { headers: { authorization: `Bearer ${key}` }, ...(signal && { signal }) });
  const swap = (body: object, key?: string, signal?: AbortSignal) => post('/v1/models/swap', body, key, signal);
  const says = async (model: string) => {
    const messages = [{ role: 'user', content: 'Hello' }];
    const { choices } = (await (await post('/v1/chat/completions', { model, messages })).json()) as {
      choices: { message: { content: string } }[];
    };
    return choices[0]?.message.content;
  };
  return { ...it, swap, says };
}

const eventsOf = async (answer: Response) =>
  [...(await answer.text()).matchAll(/^data: (.*)$/gm)].map(([, json = '']) => JSON.parse(json));

test('new requests get the new one, one that is under way keeps the old one', async () => {
  await using it = await swapping();
  expect(await it.says('other')).toBe('b says');
  using _underWay = await it.models.acquire('b');
  const answer = await it.swap({ model: 'other', source: 'new', kvTokens: 4_096 });
  expect([answer.status, await answer.json()]).toEqual([
    200,
    { object: 'model.swap', model: 'b', sessions: 'tokens', beside: true, retired: 1 },
  ]);
  expect([await it.says('b'), await it.says('a')]).toEqual(['new says', 'a says']);
  expect(it.models.options('b')).toMatchObject({ model: 'new', kvTokens: 4_096 });
  await it.swap({ model: 'b', source: 'newer' });
  expect(it.models.options('b')).toMatchObject({ model: 'newer', kvTokens: 4_096 });
});

test('without room for both it tells whom it waits for, then how it went', async () => {
  await using it = await swapping(150);
  const underWay = await it.models.acquire('a');
  const answer = await it.swap({ model: 'a', source: 'new', stream: true });
  while (it.models.report()[0]?.state !== 'loading') await turn();
  underWay.release();
  const told = await eventsOf(answer);
  const object = 'model.swap.progress';
  expect(told).toContainEqual({ object, stage: 'drain', fraction: 0, users: 1 });
  expect(told.at(-2)).toEqual({ object, stage: 'load', fraction: 0, users: 0 });
  expect(told.at(-1)).toMatchObject({ object: 'model.swap', model: 'a', beside: false, retired: 0 });
  expect(await it.says('a')).toBe('new says');
});

test('what cannot be loaded is a typed error, and the old one serves on', async () => {
  await using it = await swapping();
  await it.says('a');
  it.broken.add('bad');
  const answer = await it.swap({ model: 'a', source: 'bad' });
  expect([answer.status, await answer.json()]).toMatchObject([
    500,
    { error: { message: expect.stringContaining('no model') } },
  ]);
  const streamed = await eventsOf(await it.swap({ model: 'a', source: 'bad', stream: true }));
  expect(streamed.at(-1)).toMatchObject({ error: { message: expect.stringContaining('no model') } });
  expect(await it.says('a')).toBe('a says');
  expect(it.models.report()[0]).toMatchObject({ swaps: 0, retired: 0 });
});

test('a client that goes away ends it: the old one serves on, and the next swap is not held up', async () => {
  await using it = await swapping();
  await it.says('a');
  let open = () => {};
  let begun = false;
  it.gates.set('slow', {
    // biome-ignore lint/suspicious/noThenProperty: it tells when it is waited for
    then: (resolve: () => void) => {
      begun = true;
      open = resolve;
    },
  } as never);
  const asked = vi.spyOn(it.models, 'swap');
  const leave = new AbortController();
  const left = it.swap({ model: 'a', source: 'slow' }, 'o', leave.signal);
  while (!begun) await turn();
  leave.abort();
  await expect(left).rejects.toThrow();
  while (!asked.mock.calls[0]?.[2]?.signal?.aborted) await turn(); // the server has heard of it
  const next = it.swap({ model: 'a', source: 'new' });
  open();
  expect((await next).status).toBe(200);
  expect([await it.says('a'), it.models.report()[0]?.swaps]).toEqual(['new says', 1]);
});

test.each<[string, object, number, object]>([
  ['no such model', { model: 'c', source: 'new' }, 404, { code: 'model_not_found' }],
  ['no model', { source: 'new' }, 400, { param: 'model' }],
  ['no source', { model: 'a' }, 400, { param: 'source' }],
  ['an empty source', { model: 'a', source: '' }, 400, { param: 'source' }],
  ['another option of a load', { model: 'a', source: 'new', cacheDir: '/etc' }, 400, {}],
  ['tokens that are none', { model: 'a', source: 'new', kvTokens: -1 }, 400, { param: 'kvTokens' }],
  ['a time that is none', { model: 'a', source: 'new', drainMs: 'soon' }, 400, { param: 'drainMs' }],
  ['a list', [], 400, { code: 'invalid_request' }],
])('%s', async (_what, body, status, error) => {
  await using it = await swapping();
  const answer = await it.swap(body);
  expect([answer.status, await answer.json()]).toMatchObject([status, { error }]);
  expect(it.models.report()).toMatchObject([{ swaps: 0 }, { swaps: 0 }]);
});

test('only an administrator may, and only where it is switched on', async () => {
  await using it = await swapping();
  const body = { model: 'a', source: 'new' };
  expect((await it.swap(body, 'nobody')).status).toBe(401);
  expect((await it.swap(body, 'a')).status).toBe(403);
  expect(it.models.report()).toMatchObject([{ loads: 0, swaps: 0 }, { loads: 0 }]);
  await using off = await swapping(undefined, {});
  expect((await off.swap(body)).status).toBe(404);
  await expect(scriptedModels(['a'], {}, { swaps: true })).rejects.toMatchObject({
    code: 'INVALID_OPTION',
    field: 'swaps',
  });
});

test('banyan models swap', { timeout: 60_000 }, async () => {
  await using it = await swapping();
  const swap = (key: string, ...args: string[]) =>
    runScript('src/cli/main.ts', ['models', 'swap', ...args, '--url', it.url], '', { BANYAN_API_KEY: key });
  expect(await swap('o', 'other', 'new', '--drain-ms', '5000')).toMatchObject({
    code: 0,
    stdout: 'other was swapped without a gap; conversations go on by their messages\n',
  });
  const { stdout } = await swap('o', 'b', 'newer', '--json');
  expect(JSON.parse(stdout)).toMatchObject({ model: 'b', beside: true, sessions: 'tokens' });
  expect(await it.says('b')).toBe('newer says');
  it.broken.add('bad');
  for (const [key, name, source, why] of [
    ['x', 'b', 'new', /^REMOTE_FAILED: .*401: set BANYAN_API_KEY/],
    ['o', 'c', 'new', /^REMOTE_FAILED: .*404, model_not_found: There is no model "c"; there are: a, b/],
    ['o', 'b', 'bad', /^REMOTE_FAILED: .*no model/],
  ] as const) {
    expect(await swap(key, name, source)).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(why) });
  }
});
