import { setTimeout as sleep } from 'node:timers/promises';
import { Engine } from '../../src/engine/engine.js';
import { serve } from '../../src/server/serve.js';
import { randomModel } from '../../testing/models/random-model.js';
import { mainThreadMicros } from '../main-thread.js';
import type { Table } from '../report.js';
import type { Clients } from './clients.js';
import { FACES } from './faces.js';

const STREAMS = 8;
const AT = [100, 1_000, 3_000, 10_000];
/** Tokens a stream that each cost is measured over. */
const SPAN = 400;

export interface LongAnswers {
  table: Table;
  /** Cost of a token at 10,000 tokens over that at 100. */
  growth: number;
}

/** What a token of a chat with tools costs as its answer grows: of the main thread, and of the engine's. */
export async function measureLongAnswers(clients: Clients): Promise<LongAnswers> {
  const shape = {
    architecture: 'qwen2' as const,
    layers: 1,
    embedding: 64,
    heads: 2,
    kvHeads: 1,
    feedForward: 64,
    context: 16_384,
  };
  const model = randomModel({ ...shape, logitBias: { '<|im_end|>': -40, '<|endoftext|>': -40, '<tool_call>': -40 } });
  const engine = await Engine.load({ model, threads: 1, kvTokens: 262_144, maxRunning: STREAMS });
  const server = await serve(engine, { port: 0 });
  const tools = [{ type: 'function', function: { name: 'search', parameters: { type: 'object' } } }];
  const body = (index: number) => {
    const messages = [{ role: 'user', content: `Hello from client ${index}` }];
    return JSON.stringify({ messages, tools, max_tokens: 12_000, stream: true });
  };
  const asked = clients.ask(
    server.url,
    FACES.chat.path,
    Array.from({ length: STREAMS }, (_, index) => body(index)),
  );
  const rows: Table['rows'] = [];
  for (const at of AT) {
    await reached(engine, at * STREAMS);
    const [tokens, micros] = [(await engine.stats()).decodeTokens, mainThreadMicros()];
    const all = process.cpuUsage();
    const told = (await reached(engine, tokens + SPAN * STREAMS)) - tokens;
    const main = mainThreadMicros() - micros;
    const { user, system } = process.cpuUsage(all);
    rows.push([at, main / told, (user + system - main) / told]);
  }
  clients.leave();
  await asked;
  await server.close();
  await engine.close();
  const growth = (rows.at(-1)?.[1] as number) / (rows[0]?.[1] as number);
  const columns = ['tokens so far', 'main thread us', 'other threads us (attention grows)'];
  return { table: { title: `a token of a chat with tools, ${STREAMS} streams`, columns, rows }, growth };
}

/** Waits until so many tokens were decoded, and says how many were. */
async function reached(engine: Engine, tokens: number): Promise<number> {
  for (;;) {
    const { decodeTokens } = await engine.stats();
    if (decodeTokens >= tokens) return decodeTokens;
    await sleep(2);
  }
}
