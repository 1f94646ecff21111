import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import OpenAI from 'openai';
import { afterAll, expect, test } from 'vitest';
import { Engine } from '../../src/engine/engine.js';
import type { TenantEntry } from '../../src/server/tenants/keys-file.js';
import { serving, servingScript } from '../../testing/engine/serving.js';

// Tenants under load: what one does moves no limit of another, and its hits are not seen in what another's calls cost.

const folder = mkdtempSync(join(tmpdir(), 'banyan-load-'));
afterAll(() => rmSync(folder, { recursive: true }));
const digest = (key: string) => createHash('sha256').update(key).digest('hex');
const keysFile = (name: string, tenants: Partial<TenantEntry>[]) => {
  const path = join(folder, name);
  const entries = tenants.map((tenant) => ({ ...tenant, keys: [digest(`key of ${tenant.name}`)] }));
  writeFileSync(path, JSON.stringify({ tenants: entries }));
  return path;
};
const client = (url: string, name: string) =>
  new OpenAI({ baseURL: `${url}/v1`, apiKey: `key of ${name}`, maxRetries: 0 });
const hello = { model: 'any', messages: [{ role: 'user' as const, content: 'Hello' }] };
const outcome = (call: Promise<unknown>) =>
  call.then(
    () => 'ok',
    (reason) => (reason instanceof OpenAI.APIError ? `${reason.status} ${reason.code}` : 'no answer'),
  );

test('a tenant that saturates the server moves no quota of another: it gets all that is its own, and no more', async () => {
  const path = keysFile('quota.json', [{ name: 'noisy' }, { name: 'quiet', requestsPerMinute: 5, maxConcurrent: 8 }]);
  const quiet = async (noise: number) => {
    await using it = await servingScript(() => 'Hi', { keysFile: path, maxWaiting: 16 });
    it.native.paused = true;
    const noisy = Array.from({ length: noise }, () => outcome(client(it.url, 'noisy').chat.completions.create(hello)));
    const most = noise === 0 ? 0 : 16; // half of 32 places
    while (it.native.requests.length < most) await new Promise((resolve) => setImmediate(resolve));
    const own = Array.from({ length: 5 }, () => outcome(client(it.url, 'quiet').chat.completions.create(hello)));
    while (it.native.requests.length < most + 5) await new Promise((resolve) => setImmediate(resolve));
    const more = await outcome(client(it.url, 'quiet').chat.completions.create(hello));
    it.native.resume();
    const told = await Promise.all(noisy);
    expect(told.filter((one) => one === '429 tenant_concurrency')).toHaveLength(noise - most);
    return [...(await Promise.all(own)), more];
  };
  const alone = await quiet(0);
  expect(alone).toEqual([...Array(5).fill('ok'), '429 tenant_requests']);
  expect(await quiet(400)).toEqual(alone);
});

test('two tenants that take all they can leave places for a third', async () => {
  const path = keysFile('three.json', [{ name: 'first' }, { name: 'second' }, { name: 'third' }]);
  await using it = await servingScript(() => 'Hi', { keysFile: path, maxWaiting: 16 }); // 32 places
  it.native.paused = true;
  let told = 0;
  const ask = async (name: string) => {
    const before = told;
    const calls = Array.from({ length: 40 }, () => outcome(client(it.url, name).chat.completions.create(hello)));
    for (const call of calls) void call.then(() => told++);
    const taken = it.native.requests.length;
    while (told - before + it.native.requests.length - taken < 40)
      await new Promise((resolve) => setImmediate(resolve));
    return it.native.requests.length - taken;
  };
  expect([await ask('first'), await ask('second'), await ask('third')]).toEqual([16, 8, 4]);
  it.native.resume();
});

test("the engine hears of a tenant's weight, and of its new one after the file was read again", async () => {
  const path = keysFile('weight.json', [{ name: 'heavy', weight: 7 }, { name: 'plain' }]);
  await using it = await servingScript(() => 'Hi', { keysFile: path });
  for (const name of ['heavy', 'plain']) await client(it.url, name).chat.completions.create(hello);
  keysFile('weight.json', [{ name: 'heavy', weight: 2 }, { name: 'plain' }]);
  it.server.reloadKeys();
  await client(it.url, 'heavy').completions.create({ model: 'any', prompt: 'Once' });
  expect(it.native.requests.map(({ salt, tenantWeight }) => [salt, tenantWeight])).toEqual([
    ['heavy', 7],
    ['plain', 1],
    ['heavy', 2],
  ]);
});

/** Largest distance of two samples' distributions, 0 to 1 (Kolmogorov and Smirnov). */
function distance(a: readonly number[], b: readonly number[]): number {
  const part = (sample: readonly number[], most: number) =>
    sample.filter((value) => value <= most).length / sample.length;
  return Math.max(...[...a, ...b].map((value) => Math.abs(part(a, value) - part(b, value))));
}

test('what a call costs does not tell whether another tenant asked the same before', { timeout: 120_000 }, async () => {
  const path = keysFile('hits.json', [{ name: 'victim' }, { name: 'prober' }]);
  await using it = await serving(await Engine.load({ threads: 1, kvTokens: 16_384 }), { keysFile: path });
  const computed: number[] = [];
  it.engine.watchRequests(() => (step) => {
    if (step.type === 'ended' && step.started) computed.push(step.usage.computedTokens ?? Number.NaN);
  });
  const prompt = (n: number) =>
    Array.from({ length: 24 }, (_, word) => digest(`${n} ${word}`).slice(0, 3 + (n % 3))).join(' ');
  const ask = async (name: string, n: number) => {
    const messages = [{ role: 'user' as const, content: prompt(n) }];
    const answer = await client(it.url, name).chat.completions.create({ model: 'any', messages, max_tokens: 1 });
    const { prompt_tokens: tokens, prompt_tokens_details: details } = answer.usage as OpenAI.CompletionUsage;
    // How much of the prompt the call had computed, and how much it is told to have had for nothing.
    return { part: (computed.at(-1) as number) / tokens, cached: (details?.cached_tokens ?? 0) / tokens };
  };
  await ask('prober', 0); // what all prompts begin with is its own from now on
  const [known, fresh, again] = [[], [], []] as { part: number; cached: number }[][];
  for (let n = 1; n <= 40; n++) {
    await ask('victim', 2 * n);
    fresh?.push(await ask('prober', 2 * n + 1));
    known?.push(await ask('prober', 2 * n));
    again?.push(await ask('prober', 2 * n));
  }
  const critical = 1.63 * Math.sqrt(2 / 40); // one in a hundred samples of one distribution is further apart
  for (const of of ['part', 'cached'] as const) {
    const values = (sample: { part: number; cached: number }[] | undefined) => sample?.map((one) => one[of]) ?? [];
    expect(distance(values(known), values(fresh))).toBeLessThan(critical);
    expect(distance(values(again), values(fresh))).toBe(1); // its own hits show, so that others' would
  }
});
