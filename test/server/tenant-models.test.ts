import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ServerOptions } from '../../src/server/serve.js';
import type { TenantEntry } from '../../src/server/tenants/keys-file.js';
import { scriptedModels } from '../../testing/engine/serving-models.js';

// Several models and several tenants: who may ask for which, and what is whose.

let folder: string;
let keysFile: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'banyan-tenant-models-'));
  keysFile = join(folder, 'keys.json');
});
afterEach(() => rmSync(folder, { recursive: true }));

const write = (tenants: Record<string, Partial<TenantEntry>>) => {
  const entries = Object.entries(tenants).map(([name, more]) => {
    return { name, keys: [createHash('sha256').update(`key of ${name}`).digest('hex')], ...more };
  });
  writeFileSync(keysFile, JSON.stringify({ tenants: entries }));
};

/** A server of models `a` and `b`, and requests to it in a tenant's name. */
async function serving(tenants: Record<string, Partial<TenantEntry>>, server: ServerOptions = {}) {
  write(tenants);
  const it = await scriptedModels(['a', 'b'], {}, { keysFile, ...server });
  const headers = (name: string) => ({ authorization: `Bearer key of ${name}` });
  const post = (name: string, path: string, body: object) => it.post(path, body, { headers: headers(name) });
  const chat = async (name: string, model: string | undefined, messages: object[] = hello) => {
    const answer = await post(name, '/v1/chat/completions', { model, messages });
    const { error, model: by } = (await answer.json()) as { error?: { code: string }; model?: string };
    return [answer.status, error?.code ?? by];
  };
  const get = (name: string, path: string) => fetch(`${it.url}${path}`, { headers: headers(name) });
  const seen = async (name: string) => {
    const { data } = (await get(name, '/v1/models').then((answer) => answer.json())) as { data: { id: string }[] };
    return data.map(({ id }) => id);
  };
  const loads = () => it.models.report().map((report) => [report.name, report.loads]);
  return { ...it, ask: post, chat, get, seen, loads, [Symbol.asyncDispose]: () => it[Symbol.asyncDispose]() };
}

const hello = [{ role: 'user', content: 'Hello' }];

test('a model that a tenant may not ask for is never loaded for it, under no name, and is not seen', async () => {
  const aliases = { 'gpt-*': 'b', mine: 'a' };
  await using it = await serving({ acme: { models: ['a'] }, umbrella: {}, late: { models: ['b'] } }, { aliases });
  expect([await it.seen('acme'), await it.seen('umbrella')]).toEqual([['a'], ['a', 'b']]);
  const refused = [403, 'model_not_allowed'];
  for (const name of ['b', 'gpt-4o', 'none']) {
    expect(await it.chat('acme', name)).toEqual(refused); // one that is none is told apart from none
    const one = await it.get('acme', `/v1/models/${name}`);
    expect(one.status).toBe(403);
    expect(await one.text()).not.toMatch(/there are|"b"/);
  }
  const faces: [path: string, body: object][] = [
    ['/v1/completions', { prompt: 'Hello' }],
    ['/v1/embeddings', { input: 'Hello' }],
    ['/v1/messages', { messages: hello, max_tokens: 4 }],
    ['/v1/messages/count_tokens', { messages: hello }],
    ['/v1/responses', { input: 'Hello' }],
    ['/v1/chat/completions', { messages: hello, stream: true }],
    ['/tokenize', { prompt: 'Hello' }],
    ['/detokenize', { tokens: [1] }],
  ];
  for (const [path, body] of faces) {
    expect([path, (await it.ask('acme', path, { ...body, model: 'b' })).status]).toEqual([path, 403]);
  }
  expect(it.loads()).toEqual([
    ['a', 0],
    ['b', 0],
  ]);
  expect(await it.chat('acme', 'mine')).toEqual([200, 'a']);
  expect(await it.chat('umbrella', 'none')).toEqual([404, 'model_not_found']);
  expect(await it.chat('late', undefined)).toEqual([200, 'b']); // no name: the first of its own
  expect(it.loads()).toEqual([
    ['a', 1],
    ['b', 1],
  ]);
});

test('two tenants share no conversation and no run on two models, nor does one of them between the two', async () => {
  await using it = await serving({ acme: {}, umbrella: {} });
  for (const name of ['acme', 'umbrella']) {
    for (const model of ['a', 'b']) {
      const answer = { role: 'assistant', content: `${model} says` };
      expect(await it.chat(name, model)).toEqual([200, model]);
      expect(await it.chat(name, model, [...hello, answer, { role: 'user', content: 'So?' }])).toEqual([200, model]);
    }
  }
  for (const model of ['a', 'b']) {
    const asked = it.natives.get(model)?.requests ?? [];
    expect(asked.map(({ salt }) => salt)).toEqual(['acme', 'acme', 'umbrella', 'umbrella']);
    const [first, second, third, fourth] = asked.map(({ program }) => program);
    expect([first === second, third === fourth, first === third]).toEqual([true, true, false]);
  }
  const stored = await it.ask('acme', '/v1/responses', { model: 'a', input: 'My secret' });
  const { id } = (await stored.json()) as { id: string };
  expect((await it.get('acme', `/v1/responses/${id}`)).status).toBe(200);
  expect((await it.get('umbrella', `/v1/responses/${id}`)).status).toBe(404);
  // What is said to one model another may go on with, of the same tenant only.
  const onB = (name: string) =>
    it.ask(name, '/v1/responses', { model: 'b', input: 'Go on', previous_response_id: id }).then((got) => got.status);
  expect([await onB('acme'), await onB('umbrella')]).toEqual([200, 400]);
});

test('a share is of one model: who fills it there has places of another; the most at a time is of all', async () => {
  await using it = await serving({ noisy: {}, one: { maxConcurrent: 1 } }, { maxWaiting: 4 }); // 20 places of each, 10 for each
  for (const model of ['a', 'b']) expect(await it.chat('noisy', model)).toEqual([200, model]); // both are loaded
  const natives = [it.natives.get('a'), it.natives.get('b')];
  for (const native of natives) if (native) native.paused = true;
  const asked = () => natives.map((native) => (native?.requests.length ?? 0) - 1);
  const filling = Array.from({ length: 10 }, () => it.chat('noisy', 'a'));
  await expect.poll(asked).toEqual([10, 0]);
  expect(await it.chat('noisy', 'a')).toEqual([429, 'tenant_concurrency']);
  const [beside, first] = [it.chat('noisy', 'b'), it.chat('one', 'a')];
  await expect.poll(asked).toEqual([11, 1]);
  expect(await it.chat('one', 'b')).toEqual([429, 'tenant_concurrency']);
  for (const native of natives) native?.resume();
  for (const ended of await Promise.all([...filling, beside, first])) expect(ended[0]).toBe(200);
  expect(await it.chat('one', 'b')).toEqual([200, 'b']);
});

test('a tenant that waits for a load leaves room to wait to the others', async () => {
  await using it = await serving({ noisy: {}, quiet: {} }, { maxWaiting: 4 });
  let open = () => {};
  it.gates.set(
    'a',
    new Promise<void>((resolve) => {
      open = resolve;
    }),
  );
  const waiting = [it.chat('noisy', 'a'), it.chat('noisy', 'a')];
  await expect.poll(() => it.models.report()[0]?.users).toBe(2);
  expect(await it.chat('noisy', 'a')).toEqual([429, 'tenant_concurrency']);
  waiting.push(it.chat('quiet', 'a'));
  await expect.poll(() => it.models.report()[0]?.users).toBe(3);
  open();
  expect(await Promise.all(waiting)).toEqual(waiting.map(() => [200, 'a']));
});

test('keys that are read again hold for all models; a tenant that goes from the file is forgotten by them', async () => {
  await using it = await serving({ acme: {}, umbrella: {} });
  for (const model of ['a', 'b']) expect(await it.chat('acme', model)).toEqual([200, model]);
  write({ umbrella: { models: ['b'] } });
  it.server.reloadKeys();
  expect((await it.get('acme', '/v1/models')).status).toBe(401);
  expect(await it.chat('umbrella', 'a')).toEqual([403, 'model_not_allowed']);
  expect(await it.seen('umbrella')).toEqual(['b']);
  write({ acme: {}, umbrella: {} });
  it.server.reloadKeys();
  const past = [...hello, { role: 'assistant', content: 'a says' }, { role: 'user', content: 'So?' }];
  expect(await it.chat('acme', 'a', past)).toEqual([200, 'a']);
  const [before, after] = it.natives.get('a')?.requests.map(({ program }) => program) ?? [];
  expect(after).not.toBe(before); // it is another tenant of that name
});
