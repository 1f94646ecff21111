import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { Engine } from '../../src/engine/engine.js';
import { type Server, serve } from '../../src/server/serve.js';
import { median, medianError } from '../../testing/statistics.js';
import { mainThreadMicros } from '../main-thread.js';
import type { Measured, Table } from '../report.js';
import type { Clients } from './clients.js';
import { bodies, FACES } from './faces.js';
import { servedModel } from './served-model.js';

const WINDOW_MS = 1_500;
/** Pairs of windows a run: two windows of the same kind differ by up to 15% on a virtual machine, by how fast it computes meanwhile. */
const PAIRS = 4;

interface Window {
  perSecond: number;
  micros: number;
}

/** Streams of a real model, which computes on a thread of its own: tokens a second, and what one costs the main thread. */
export async function measureRealStreams(runs: number, clients: Clients): Promise<Measured> {
  const model = servedModel();
  const engine = await Engine.load({ model, threads: 1, kvTokens: 262_144, maxRunning: 64 });
  const server = await serve(engine, { port: 0 });
  const rows: Table['rows'] = [];
  let [throughput, micros] = ['', 0];
  for (const streams of [16, 64]) {
    const [inside, over]: [Window[], Window[]] = [[], []];
    const ways = [
      async () => inside.push(await inProcess(engine, streams)),
      async () => over.push(await overHttp(engine, server, clients, streams)),
    ];
    for (let pair = 0; pair < PAIRS * runs; pair++) for (const way of pair % 2 ? ways.toReversed() : ways) await way();
    const of = (windows: Window[], pick: (window: Window) => number) => median(windows.map(pick));
    const shares = over.map(({ perSecond }, pair) => (100 * perSecond) / (inside[pair] as Window).perSecond);
    const [share, error] = [median(shares), medianError(shares)];
    if (streams === 16) throughput = `${share.toFixed(1)}%, give or take ${error.toFixed(1)},`;
    else micros = of(over, (window) => window.micros);
    rows.push([
      ...[streams, of(inside, ({ perSecond }) => perSecond), of(over, ({ perSecond }) => perSecond), share, error],
      ...[of(inside, (window) => window.micros), of(over, (window) => window.micros)],
    ]);
  }
  await server.close();
  await engine.close();
  const columns = [
    ...['streams', 'in process tokens/s', 'over HTTP tokens/s', '%', 'standard error'],
    ...['in process us', 'over HTTP us'],
  ];
  return {
    findings: [
      `throughput with 16 streams of a real engine: ${throughput} of in-process (target 97%)`,
      `${micros.toFixed(1)} us with 64 streams of a real engine`,
    ],
    tables: [{ title: 'a real engine', columns, rows }],
  };
}

async function inProcess(engine: Engine, streams: number): Promise<Window> {
  const stop = new AbortController();
  const read = Array.from({ length: streams }, async (_, index) => {
    let characters = 0;
    const messages = [{ role: 'user' as const, content: `Hello from client ${index}` }];
    const options = { maxTokens: MOST, signal: stop.signal };
    for await (const event of engine.generate(messages, options))
      if (event.type === 'text') characters += event.text.length;
    return characters;
  });
  const window = await measured(engine, streams);
  stop.abort();
  await Promise.allSettled(read);
  return window;
}

/** More than a window has time for. */
const MOST = 4_000;

async function overHttp(engine: Engine, server: Server, clients: Clients, streams: number): Promise<Window> {
  const asked = clients.ask(server.url, FACES.chat.path, bodies('chat', streams, MOST));
  const window = await measured(engine, streams);
  clients.leave();
  await asked;
  while ((await engine.stats()).running > 0) await sleep(1);
  return window;
}

async function measured(engine: Engine, streams: number): Promise<Window> {
  while ((await engine.stats()).running < streams) await sleep(1);
  await sleep(WINDOW_MS / 5);
  const [start, before, micros] = [performance.now(), await engine.stats(), mainThreadMicros()];
  await sleep(WINDOW_MS);
  const tokens = (await engine.stats()).decodeTokens - before.decodeTokens;
  return {
    perSecond: (1_000 * tokens) / (performance.now() - start),
    micros: (mainThreadMicros() - micros) / tokens,
  };
}
