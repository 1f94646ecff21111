import { setTimeout as sleep } from 'node:timers/promises';
import { Engine } from '../../src/engine/engine.js';
import { serve } from '../../src/server/serve.js';
import { paced } from '../../testing/engine/paced-engine.js';
import { randomModel } from '../../testing/models/random-model.js';
import { median } from '../../testing/statistics.js';
import { mainThreadMicros } from '../main-thread.js';
import type { Measured } from '../report.js';
import type { Clients } from './clients.js';
import { FACES } from './faces.js';

const STREAMS = 32;
/** The same on a real engine. */
const REAL = 8;
const AT = [100, 1_000, 3_000, 10_000];
/** Steps, or tokens a stream, that each cost is measured over. */
const SPAN = 300;
const PAUSE_MS = 1;

const TOOLS = [{ type: 'function', function: { name: 'search', parameters: { type: 'object' } } }];

function bodies(streams: number, tools: object[]): string[] {
  return Array.from({ length: streams }, (_, index) => {
    const messages = [{ role: 'user', content: `Hello from client ${index}` }];
    return JSON.stringify({ messages, ...(tools.length > 0 && { tools }), max_tokens: 12_000, stream: true });
  });
}

/**
 * What a token of a chat with tools costs as its answer grows. Of the main thread: on an engine that gives a token a step, where each
 * token is written by itself, so that each step is one call and the same writes at any length: gathered, a token would cost by how
 * long a step happens to take. Of the engine's thread: against the same chat without tools, as attention grows in both.
 */
export async function measureLongAnswers(runs: number, clients: Clients): Promise<Measured> {
  const each: number[][] = [];
  for (let run = 0; run <= runs; run++) {
    const costs = await mainThread(clients);
    if (run > 0) each.push(costs); // the first one warms the compiler
  }
  const main = AT.map((_, index) => median(each.map((costs) => costs[index] as number)));
  const [without, withTools] = [await engineThread(clients, []), await engineThread(clients, TOOLS)];
  const rows = AT.map((at, index) => [
    ...[at, main[index] as number, without[index] as number, withTools[index] as number],
  ]);
  const columns = ['tokens so far', 'main thread us', 'other threads us, no tools', 'the same with tools'];
  const growth = ((main.at(-1) as number) / (main[0] as number)).toFixed(2);
  return {
    findings: [`a token with tools costs ${growth}x at 10,000 tokens of what it costs at 100 (target 0.8 to 1.2)`],
    tables: [{ title: `a token of a chat with tools, ${STREAMS} streams, ${REAL} of a real engine`, columns, rows }],
  };
}

async function mainThread(clients: Clients): Promise<number[]> {
  const { engine, native } = paced();
  const server = await serve(engine, { port: 0, gatherMs: 0 });
  const asked = clients.ask(server.url, FACES.chat.path, bodies(STREAMS, TOOLS));
  while (native.running < STREAMS) await sleep(1);
  const costs: number[] = [];
  let steps = 0;
  for (const at of AT) {
    for (; steps < at; steps++) {
      native.step();
      await sleep(steps > at - SPAN ? PAUSE_MS : 0);
    }
    const start = mainThreadMicros();
    for (let span = 0; span < SPAN; span++, steps++) {
      native.step();
      await sleep(PAUSE_MS);
    }
    costs.push((mainThreadMicros() - start) / (SPAN * STREAMS));
  }
  clients.leave();
  await asked;
  await server.close();
  await engine.close();
  return costs;
}

async function engineThread(clients: Clients, tools: object[]): Promise<number[]> {
  const shape = { architecture: 'qwen2' as const, layers: 1, embedding: 64, heads: 2, kvHeads: 1, feedForward: 64 };
  const model = randomModel({
    ...{ ...shape, context: 16_384 },
    logitBias: { '<|im_end|>': -40, '<|endoftext|>': -40, '<tool_call>': -40 },
  });
  const engine = await Engine.load({ model, threads: 1, kvTokens: 131_072, maxRunning: REAL });
  const server = await serve(engine, { port: 0 });
  const asked = clients.ask(server.url, FACES.chat.path, bodies(REAL, tools));
  const costs: number[] = [];
  for (const at of AT) {
    const tokens = await reached(engine, at * REAL);
    const [micros, all] = [mainThreadMicros(), process.cpuUsage()];
    const told = (await reached(engine, tokens + SPAN * REAL)) - tokens;
    const { user, system } = process.cpuUsage(all);
    costs.push((user + system - (mainThreadMicros() - micros)) / told);
  }
  clients.leave();
  await asked;
  await server.close();
  await engine.close();
  return costs;
}

/** Waits until so many tokens were decoded, and says how many were. */
async function reached(engine: Engine, tokens: number): Promise<number> {
  for (;;) {
    const { decodeTokens } = await engine.stats();
    if (decodeTokens >= tokens) return decodeTokens;
    await sleep(2);
  }
}
