import { setTimeout as sleep } from 'node:timers/promises';
import { Engine } from '../../src/engine/engine.js';
import { serve } from '../../src/server/serve.js';
import { median, quantile } from '../../testing/statistics.js';
import { Draw } from '../../testing/workloads/draw.js';
import type { Measured } from '../report.js';
import { Clients } from './clients.js';
import { FACES } from './faces.js';
import { servedModel } from './served-model.js';

/** Offered over what the server can do, so many requests a run, at random times. */
const OVER = 2;
const OFFERED = 400;
const LIMIT_MS = 1_000;
/** Requests that tell what the server can do, so many at a time. */
const PACED = 200;
const AT_A_TIME = 32;
/** Requests without a limit that wait or run when one with a limit comes. */
const QUEUES = [48, 64, 96, 128, 160, 192];
const SHORT_LIMIT_MS = 300;
/** Tries of one that was refused, while it was told to wait. */
const TRIES = 25;
const IN_TIME = 0.95;
const OFF = 0.3;

/** More than a server can do: do those that it takes have their first token in time, and is a refused one taken when it was told to come back? */
export async function measureOverload(runs: number, clients: Clients): Promise<Measured> {
  const engine = await Engine.load({ model: servedModel(), threads: 1, kvTokens: 131_072 });
  const server = await serve(engine, { port: 0 });
  const one = new Clients();
  const { path } = FACES.chat;
  const draw = new Draw('overload');
  let made = 0;
  const bodies = (count: number) =>
    Array.from({ length: count }, () => {
      const content = `${++made} ${Array.from({ length: 20 }, (_, at) => (made * 31 + at * 7) % 1_000).join(' ')}`;
      return JSON.stringify({ messages: [{ role: 'user', content }], max_tokens: 24, stream: true });
    });
  const taken: number[] = [];
  const waits: { told: number; taken: number }[] = [];
  let [offered, pace] = [0, 0];
  try {
    for (let run = 0; run < runs; run++) {
      const begun = performance.now();
      await clients.ask(server.url, path, bodies(PACED), AT_A_TIME);
      pace = PACED / (performance.now() - begun);
      let at = 0;
      const times = Array.from({ length: OFFERED }, () => (at += draw.exponential(1 / (OVER * pace))));
      const asked = await clients.ask(server.url, path, bodies(OFFERED), times, { limitMs: LIMIT_MS });
      offered += asked.length;
      taken.push(...asked.filter(({ retryAfterMs }) => retryAfterMs === undefined).map(({ firstMs }) => firstMs));
      console.error(`run ${run + 1} of ${runs}: ${(1_000 * pace).toFixed(1)} a second`);
      for (const length of QUEUES) {
        const { submitted } = await engine.stats();
        const queue = clients.ask(server.url, path, bodies(length));
        while ((await engine.stats()).submitted < submitted + length) await sleep(1);
        waits.push(...(await waitOf(one, server.url, bodies(1))));
        await queue;
      }
    }
  } finally {
    one.close();
    await server.close();
    await engine.close();
  }
  const inTime = taken.filter((ms) => ms > 0 && ms <= LIMIT_MS).length / taken.length;
  const ratios = waits.map(({ told, taken }) => told / taken);
  const near = ratios.filter((ratio) => Math.abs(ratio - 1) <= OFF).length;
  const met = (is: boolean) => (is ? 'met' : 'MISSED');
  return {
    findings: [
      `${met(inTime >= IN_TIME)}: of ${taken.length} requests taken of ${offered} at twice the pace of the server, ${(100 * inTime).toFixed(1)}% had their first token within ${LIMIT_MS} ms (target ${100 * IN_TIME}%)`,
      `${met(Math.abs(median(ratios) - 1) <= OFF)}: Retry-After over the wait after which the same request was taken: ${median(ratios).toFixed(2)} in the median (target within ${100 * OFF}%); ${near} of ${ratios.length} were within`,
    ],
    tables: [
      {
        title: 'overload: first tokens of requests that were taken',
        columns: ['p50 ms', 'p95 ms', 'p99 ms', 'taken', 'offered', 'requests a second that it can do'],
        rows: [
          [quantile(taken, 0.5), quantile(taken, 0.95), quantile(taken, 0.99), taken.length, offered, 1_000 * pace],
        ],
      },
      {
        title: `overload: a request that wants its first token within ${SHORT_LIMIT_MS} ms, behind a queue`,
        columns: ['told to wait ms', 'taken after ms', 'told / taken'],
        rows: waits.map(({ told, taken }) => [told, taken, told / taken]),
      },
    ],
  };
}

/** Of a request that is refused: what it is told to wait, and after how long it is taken, milliseconds; of one that is taken at once none. */
async function waitOf(client: Clients, url: string, body: string[]): Promise<{ told: number; taken: number }[]> {
  const begun = performance.now();
  const ask = async () => {
    const at = performance.now() - begun;
    const [asked] = await client.ask(url, FACES.chat.path, body, 1, { limitMs: SHORT_LIMIT_MS });
    return { at, told: asked?.retryAfterMs };
  };
  const { told } = await ask();
  if (told === undefined) return [];
  for (let before = 0; ; ) {
    await sleep(told / TRIES);
    const { at, told: again } = await ask();
    if (again === undefined) return [{ told, taken: (before + at) / 2 }];
    before = at;
  }
}
