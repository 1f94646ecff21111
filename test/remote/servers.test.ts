import { mkdtempSync, rmSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import type { Program } from '../../src/engine/program.js';
import { RemoteEngine } from '../../src/remote/remote-engine.js';
import type { RemoteOptions } from '../../src/remote/remote-options.js';
import type { ServerStats } from '../../src/remote/server-stats.js';
import { modelWith } from '../../testing/models/hostile-model.js';
import { FakeServer, modelsOf, type Reply, sse } from '../../testing/remote/fake-server.js';

// Several servers of one model: what is known of each, what rests, what drains, how they are reached.

const OWNER = modelsOf('llamacpp', { meta: { n_ctx: 512 } });
const X = 'x'.charCodeAt(0);
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** Says "x" so often as is asked, of a prompt of which `cached` tokens are there. */
const saying = (cached: number): Reply => {
  return (body, response) => {
    const most = Number(body.n_predict);
    for (let count = 1; count <= most; count++)
      response.write(sse({ content: 'x', tokens: [X], tokens_predicted: count }));
    const timings = { cache_n: cached };
    response.end(sse({ content: '', tokens: [], stop: true, stop_type: 'limit', tokens_predicted: most, timings }));
  };
};

async function serverOf(reply: Reply, path?: string): Promise<FakeServer> {
  const server = await FakeServer.open(OWNER, reply, path);
  closing.push(() => server.close());
  return server;
}

async function engineOn(servers: readonly FakeServer[], options: RemoteOptions = {}): Promise<RemoteEngine> {
  const engine = await RemoteEngine.connect({ backends: servers.map(({ url }) => ({ url })), ...options });
  closing.push(() => engine.close());
  return engine;
}

const of = (engine: RemoteEngine, { url }: FakeServer) =>
  engine.servers().find((one) => one.url === url) as ServerStats;

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await turn();
}

test('what each server did adds up: requests, tokens, hits, its queue', async () => {
  const server = await serverOf(saying(2));
  const engine = await engineOn([server]);
  expect(of(engine, server)).toMatchObject({ state: 'ready', sent: 0, cachedTokens: null, ttftMs: 0 });
  await engine.generate([97, 98, 99], { maxTokens: 4 });
  await engine.generate(Array(64).fill(97), { maxTokens: 2 });
  const stats = of(engine, server);
  expect(stats).toMatchObject({ dialect: 'llama-server', sent: 2, answered: 2, failed: 0, busy: 0, inFlight: 0 });
  expect(stats).toMatchObject({ promptTokens: 67, cachedTokens: 4, outputTokens: 6, knownPages: 2, queuedTokens: 0 });
  expect([stats.ttftMs > 0, stats.prefillMs > 0]).toEqual([true, true]);
});

test('a server that drains gets nothing new; what goes on there ends, and then it is told', async () => {
  const held: ServerResponse[] = [];
  const [one, other] = [await serverOf((_, response) => held.push(response)), await serverOf(saying(0))];
  const engine = await engineOn([one, other]);
  const asked = Array.from({ length: 8 }, () => engine.generate([97], { maxTokens: 2, program: engine.program() }));
  await until(() => held.length > 0 && held.length + other.bodies.length === 8);
  let idle = false;
  const drained = engine.drain(one.url).then(() => {
    idle = true;
  });
  expect(of(engine, one)).toMatchObject({ state: 'draining', inFlight: held.length });
  const [before, after] = [one.bodies.length, 8 - one.bodies.length];
  for (let ask = 0; ask < 6; ask++) await engine.generate([97], { maxTokens: 2 });
  expect([one.bodies.length, other.bodies.length, idle]).toEqual([before, after + 6, false]);
  for (const response of held) saying(0)({ n_predict: 2 }, response, response.req);
  for (const answer of asked) expect(await answer).toMatchObject({ text: 'xx' });
  await drained;
  await engine.undrain(one.url);
  expect(of(engine, one).state).toBe('ready');
  await expect(engine.drain('http://elsewhere')).rejects.toMatchObject({ code: 'INVALID_OPTION', field: 'url' });
});

test('a server that failed three times rests, and is probed: no request of a caller is spent on it', async () => {
  let down = true;
  const one = await serverOf((body, response, request) =>
    down ? response.destroy() : saying(0)(body, response, request),
  );
  const other = await serverOf(saying(0));
  const engine = await engineOn([one, other], { restMs: 1 });
  one.models = undefined;
  const [probes, ask] = [one.probes, () => engine.generate([97], { maxTokens: 1, program: engine.program() })];
  while (of(engine, one).state === 'ready') expect(await ask()).toMatchObject({ text: 'x' });
  expect([one.bodies.length, of(engine, one).failed]).toEqual([3, 3]);
  await until(() => one.probes >= probes + 2); // it is down still, and rests again
  for (let run = 0; run < 5; run++) await ask();
  expect([one.bodies.length, of(engine, one).state]).toEqual([3, 'resting']);
  down = false;
  one.models = OWNER;
  await until(() => of(engine, one).state === 'ready');
  for (let run = 0; run < 8; run++) await ask();
  expect(one.bodies.length).toBeGreaterThan(3);
});

test('a server that says 429 is left alone as long as it says', async () => {
  const one = await serverOf((_, response) => response.writeHead(429, { 'retry-after': '600' }).end());
  const other = await serverOf(saying(0));
  const engine = await engineOn([one, other]);
  while (one.bodies.length === 0) {
    // The other one takes what this one refuses, at once.
    expect(await engine.generate([97], { maxTokens: 1, program: engine.program() })).toMatchObject({ text: 'x' });
  }
  expect(of(engine, one)).toMatchObject({ state: 'paused', busy: 1, failed: 0 });
  for (let run = 0; run < 6; run++) expect(await engine.generate([97], { maxTokens: 1 })).toMatchObject({ text: 'x' });
  expect(one.bodies.length).toBe(1);
});

test('a probe whose reply breaks off is no sign of life', async () => {
  const [one, other] = [await serverOf((_, response) => response.destroy()), await serverOf(saying(0))];
  const engine = await engineOn([one, other], { restMs: 1 });
  one.models = (response) =>
    void response.writeHead(200, { 'content-length': '100' }).write('{', () => response.destroy());
  const probes = one.probes;
  while (of(engine, one).state === 'ready') await engine.generate([97], { maxTokens: 1, program: engine.program() });
  await until(() => one.probes >= probes + 3);
  for (let run = 0; run < 5; run++) await engine.generate([97], { maxTokens: 1, program: engine.program() });
  expect([one.bodies.length, of(engine, one).state]).toEqual([3, 'resting']);
});

test('a server that says how long, and then that it is busy without a time, is left alone so long', async () => {
  const held: ServerResponse[] = [];
  const server = await serverOf((_, response) => held.push(response));
  const engine = await engineOn([server]);
  const asked = [1, 2].map(() => expect(engine.generate([97])).rejects.toMatchObject({ code: 'BACKPRESSURE' }));
  await until(() => held.length === 2);
  held[0]?.writeHead(429, { 'retry-after': '600' }).end();
  await until(() => of(engine, server).busy === 1);
  held[1]?.writeHead(429, { 'retry-after': '6' }).end();
  await Promise.all(asked);
  expect(of(engine, server)).toMatchObject({ state: 'paused', busy: 2 });
  const { retryAfter } = await engine.generate([97]).result.catch((reason) => reason);
  expect(retryAfter).toBeGreaterThan(500_000);
});

test('new programs go where the fewest are that have not finished', async () => {
  const servers = [await serverOf(saying(0)), await serverOf(saying(0))];
  const engine = await engineOn(servers);
  const homeOf = async (program: Program) => {
    const before = servers.map(({ bodies }) => bodies.length);
    await engine.generate(Array(64).fill(100 + program.id), { maxTokens: 1, program });
    return servers.findIndex(({ bodies }, at) => bodies.length > (before[at] ?? 0));
  };
  const homes: [Program, number][] = [];
  for (let at = 0; at < 4; at++) {
    const program = engine.program();
    homes.push([program, await homeOf(program)]);
  }
  expect(homes.map(([, home]) => home).sort()).toEqual([0, 0, 1, 1]);
  for (const [program, home] of homes) if (home === 1) program.finished();
  expect([await homeOf(engine.program()), await homeOf(engine.program())]).toEqual([1, 1]);
});

test('a close ends what is under way and who waits for a drain, and leaves no connection', async () => {
  const [one, other] = [await serverOf(() => {}), await serverOf((_, response) => response.destroy())];
  const engine = await engineOn([one, other], { restMs: 1 });
  const asked = [1, 2, 3, 4, 5, 6].map(() =>
    expect(engine.generate([97], { program: engine.program() })).rejects.toMatchObject({ code: 'CLOSED' }),
  );
  await until(() => one.bodies.length > 0);
  const drained = engine.drain(one.url);
  await engine.close();
  await Promise.all([...asked, drained]);
  while ((await one.connections()) + (await other.connections()) > 0) await turn();
  await expect(engine.drain(one.url)).rejects.toMatchObject({ code: 'CLOSED' });
});

test('a Unix socket is an address like others', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'banyan-'));
  closing.push(() => rmSync(folder, { recursive: true }));
  const server = await serverOf(saying(1), join(folder, 'server.sock'));
  const engine = await engineOn([server]);
  expect(await engine.generate([97, 98], { maxTokens: 3 })).toMatchObject({ text: 'xxx', usage: { cachedTokens: 1 } });
  expect(of(engine, server)).toMatchObject({ url: `unix:${join(folder, 'server.sock')}`, answered: 1 });
  await server.close();
  await expect(engine.generate([97])).rejects.toMatchObject({ code: 'REMOTE_FAILED' });
});

test("penalties that a model's file recommends and a server cannot be told are left out, and said; a caller's own are refused", async () => {
  const server = await serverOf(saying(0));
  const model = modelWith({
    'general.sampling.temp': { f32: 0.5 },
    'general.sampling.top_k': { i32: 7 },
    'general.sampling.penalty_repeat': { f32: 1.5 },
  });
  const engine = await engineOn([server], { model });
  expect(engine.info.sampling).toEqual({ temperature: 0.5, topK: 7 });
  expect(engine.info.samplingReason).toContain('repeatPenalty');
  expect(await engine.generate([7], { maxTokens: 1 })).toMatchObject({ finishReason: 'length' });
  expect(server.bodies[0]).toMatchObject({ temperature: 0.5, top_k: 7 });
  const own = engine.generate([7], { repeatPenalty: 1.5 });
  await expect(own).rejects.toMatchObject({ code: 'INVALID_OPTION', field: 'repeatPenalty' });
  expect(await engine.generate([7], { repeatPenalty: 1, maxTokens: 1 })).toMatchObject({ finishReason: 'length' });
});
