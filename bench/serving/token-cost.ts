import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine } from '../../src/engine/engine.js';
import { serve } from '../../src/server/serve.js';
import { type PacedEngine, paced } from '../../testing/engine/paced-engine.js';
import { median } from '../../testing/statistics.js';
import { mainThreadMicros } from '../main-thread.js';
import type { Measured, Table } from '../report.js';
import type { Asked, Clients } from './clients.js';
import { bodies, FACES, type Face } from './faces.js';
import { PlainServer } from './plain-server.js';

const STEPS = 60;
const WARM = 15;
/** Tokens a second over all streams: a rate that one thread keeps up with, so that each step is told before the next. */
const RATE = 20_000;

/** Main-thread time of a streamed token over HTTP and in the process, on an engine whose steps cost next to nothing. */
export async function measureTokenCost(runs: number, clients: Clients): Promise<Measured> {
  const rows: Table['rows'] = [];
  const [http, plain] = [new Map<number, number>(), new Map<number, number>()];
  const kinds: [streams: number, face: Face][] = [
    [64, 'chat'],
    [64, 'messages'],
    [64, 'responses'],
    [1_000, 'chat'],
  ];
  for (const [streams, face] of kinds) {
    const costs = { inside: [] as number[], over: [] as number[], bare: [] as number[] };
    for (let run = 0; run <= runs; run++) {
      const inside = await inProcess(streams);
      const over = await overHttp(streams, face, clients);
      const bare = face === 'chat' ? await plainly(streams, clients) : Number.NaN;
      if (run === 0) continue; // warms the compiler
      costs.inside.push(inside);
      costs.over.push(over);
      costs.bare.push(bare);
    }
    const [inside, over, bare] = [median(costs.inside), median(costs.over), median(costs.bare)];
    if (face === 'chat') {
      http.set(streams, over);
      plain.set(streams, bare);
    }
    rows.push([streams, face, inside, over, over - inside, face === 'chat' ? bare : '-']);
  }
  const columns = ['streams', 'face', 'in process us', 'over HTTP us', 'added us', 'the same bytes, plainly us'];
  const [few, many, bare] = [http.get(64), http.get(1_000), plain.get(1_000)].map((micros) => micros?.toFixed(1));
  return {
    findings: [
      `${few} us of the main thread a streamed token with 64 streams (target 15), ${many} with 1,000 (target 10)`,
      `a plain socket server that writes the same bytes to 1,000 streams takes ${bare} us of those`,
    ],
    tables: [{ title: 'main thread, a streamed token', columns, rows }],
  };
}

async function overHttp(streams: number, face: Face, clients: Clients): Promise<number> {
  const { engine, native } = paced();
  const server = await serve(engine, { port: 0 });
  const most = WARM + STEPS;
  const asked = clients.ask(server.url, FACES[face].path, bodies(face, streams, most));
  const micros = await stepped(native, streams);
  await toTheEnd(native);
  checkWhole(await asked, streams, most);
  await server.close();
  await engine.close();
  return micros;
}

async function plainly(streams: number, clients: Clients): Promise<number> {
  const server = new PlainServer();
  const asked = clients.ask(await server.listen(), FACES.chat.path, bodies('chat', streams, WARM + STEPS));
  const micros = await stepped(server, streams);
  server.close();
  checkWhole(await asked, streams, WARM + STEPS);
  return micros;
}

async function inProcess(streams: number): Promise<number> {
  const { engine, native } = paced();
  const read = Promise.all(Array.from({ length: streams }, (_, index) => readAll(engine, index, WARM + STEPS)));
  const micros = await stepped(native, streams);
  await toTheEnd(native);
  await read;
  await engine.close();
  return micros;
}

async function readAll(engine: Engine, index: number, maxTokens: number): Promise<number> {
  let characters = 0;
  for await (const event of engine.generate([{ role: 'user', content: `Hello from client ${index}` }], { maxTokens }))
    if (event.type === 'text') characters += event.text.length;
  return characters;
}

/** The steps that are measured, once all streams are there. */
async function stepped(native: Pick<PacedEngine, 'running' | 'step'>, streams: number): Promise<number> {
  while (native.running < streams) await sleep(1);
  const pause = Math.max(1, (streams * 1_000) / RATE);
  let [start, tokens] = [0, 0];
  for (let step = 0; step < WARM + STEPS; step++) {
    if (step === WARM) [start, tokens] = [mainThreadMicros(), 0];
    tokens += native.step();
    await sleep(pause);
  }
  return (mainThreadMicros() - start) / tokens;
}

async function toTheEnd(native: PacedEngine): Promise<void> {
  while (native.running > 0) {
    native.step();
    await sleep(1);
  }
}

function checkWhole(asked: readonly Asked[], streams: number, tokens: number): void {
  const whole = asked.filter(({ whole, events }) => whole && events >= tokens).length;
  if (whole !== streams) throw new Error(`${streams - whole} of ${streams} streams were not whole`);
}
