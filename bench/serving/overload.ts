import { setTimeout as sleep } from 'node:timers/promises';
import { Engine } from '../../src/engine/engine.js';
import { hasCode } from '../../src/kit/errors.js';
import { serve } from '../../src/server/serve.js';
import { retryVerdict } from '../../testing/retry-verdict.js';
import { quantile } from '../../testing/statistics.js';
import { Draw } from '../../testing/workloads/draw.js';
import type { Measured } from '../report.js';
import { Clients } from './clients.js';
import { FACES } from './faces.js';
import { servedModel } from './served-model.js';

/** Offered over what the server can do, so many requests a run, at random times. */
const OVER = 2;
const OFFERED = 400;
const LIMIT_MS = 1_000;
/** Tokens of an answer. */
const ANSWER = 24;
/** Requests that tell what the server can do, so many at a time. */
const PACED = 200;
const AT_A_TIME = 32;
/** Requests without a limit that wait or run when one with a limit comes. */
const QUEUES = [48, 64, 80, 96, 112, 128, 144, 160, 176, 192];
const SHORT_LIMIT_MS = 300;
/** Tries of one that was refused, from half of what it was told on, so many in that time; not closer together than that. */
const TRIES = 25;
const BETWEEN_TRIES_MS = 4;
const IN_TIME = 0.95;

/** More than a server can do: do those that it takes have their first token in time, and is a refused one taken when it was told to come back? */
export async function measureOverload(runs: number, clients: Clients): Promise<Measured> {
  const engine = await Engine.load({ model: servedModel(), threads: 1, kvTokens: 131_072 });
  const server = await serve(engine, { port: 0 });
  const one = new Clients();
  const { path } = FACES.chat;
  const draw = new Draw('overload');
  let made = 0;
  const question = () => {
    const content = `${++made} ${Array.from({ length: 20 }, (_, at) => (made * 31 + at * 7) % 1_000).join(' ')}`;
    return [{ role: 'user' as const, content }];
  };
  const bodies = (count: number) =>
    Array.from({ length: count }, () => JSON.stringify({ messages: question(), max_tokens: ANSWER, stream: true }));
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
        const [asked] = await one.ask(server.url, path, bodies(1), 1, { limitMs: SHORT_LIMIT_MS });
        const told = asked?.retryAfterMs;
        if (told !== undefined) waits.push({ told, taken: await waitOf(told, () => isTaken(engine, question())) });
        await queue;
      }
    }
  } finally {
    one.close();
    await server.close();
    await engine.close();
  }
  const inTime = taken.filter((ms) => ms > 0 && ms <= LIMIT_MS).length / taken.length;
  const verdict = retryVerdict(waits.map(({ told, taken }) => told / taken));
  const met = (is: boolean) => (is ? 'met' : 'MISSED');
  return {
    findings: [
      `${met(inTime >= IN_TIME)}: of ${taken.length} requests taken of ${offered} at twice the pace of the server, ${(100 * inTime).toFixed(1)}% had their first token within ${LIMIT_MS} ms (target ${100 * IN_TIME}%)`,
      `${met(verdict.met)}: Retry-After: ${verdict.words}`,
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

/**
 * After how many milliseconds a request is taken that was refused right now. It is tried in process: over HTTP each try would be one more that
 * was sent away and is expected back, which the next ones are told to wait for. Tries take time of the machine that is measured: before half
 * of what it was told there is none, and what is taken by then was told far too long.
 */
async function waitOf(told: number, isTakenNow: () => Promise<boolean>): Promise<number> {
  const begun = performance.now();
  for (let before = 0; ; ) {
    await sleep(before === 0 ? told / 2 : Math.max(BETWEEN_TRIES_MS, told / TRIES));
    const at = performance.now() - begun;
    if (await isTakenNow()) return (before + at) / 2;
    before = at;
  }
}

/** Whether the engine takes this request; if so, it is cancelled. */
async function isTaken(engine: Engine, prompt: { role: 'user'; content: string }[]): Promise<boolean> {
  const options = { maxTokens: ANSWER, ttftLimitMs: SHORT_LIMIT_MS, progress: true };
  try {
    for await (const { type } of engine.generate(prompt, options)) if (type === 'accepted') break;
    return true;
  } catch (reason) {
    if (hasCode(reason, 'BACKPRESSURE')) return false;
    throw reason;
  }
}
