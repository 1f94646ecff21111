import { performance } from 'node:perf_hooks';
import { Engine } from '../../src/engine/engine.js';
import { serve } from '../../src/server/serve.js';
import { randomModel } from '../../testing/models/random-model.js';
import { quantile } from '../../testing/statistics.js';
import type { Table } from '../report.js';
import type { Clients } from './clients.js';
import { FACES } from './faces.js';

const ASKED = 120;

export interface FirstToken {
  table: Table;
  /** Milliseconds that HTTP adds for a short question, in the median. */
  added: number;
}

/** Time to the first text of one client after the other, in the process and over HTTP, on a model that takes next to no time. */
export async function measureFirstToken(clients: Clients): Promise<FirstToken> {
  const shape = {
    architecture: 'qwen2' as const,
    layers: 1,
    embedding: 64,
    heads: 2,
    kvHeads: 1,
    feedForward: 64,
    context: 32_768,
  };
  const model = randomModel({ ...shape, logitBias: { '<|im_end|>': -40, '<|endoftext|>': -40 } });
  const engine = await Engine.load({ model, threads: 1, kvTokens: 131_072 });
  const server = await serve(engine, { port: 0 });
  const rows: Table['rows'] = [];
  let added = 0;
  for (const [what, size, times] of [
    ['a short question', 0, ASKED],
    ['a body of 32 KB', 32_000, ASKED / 4],
  ] as const) {
    const [inside, over]: [number[], number[]] = [[], []];
    for (let turn = 0; turn < 6; turn++) {
      const question = (index: number) => `${turn} ${index} Hello ${'word '.repeat(size / 5)}`;
      const count = times / 6;
      for (let index = 0; index < count; index++) inside.push(await firstText(engine, question(index)));
      const sent = Array.from({ length: count }, (_, index) => {
        const messages = [{ role: 'user', content: `over ${question(index)}` }];
        return JSON.stringify({ messages, max_tokens: 4, stream: true });
      });
      over.push(...(await clients.ask(server.url, FACES.chat.path, sent, false)).map(({ firstMs }) => firstMs));
    }
    const at = (share: number) => [quantile(inside, share), quantile(over, share)] as const;
    const [[p50, p50Over], [p99, p99Over]] = [at(0.5), at(0.99)];
    if (size === 0) added = p50Over - p50;
    rows.push([what, p50, p50Over, p50Over - p50, p99, p99Over]);
  }
  await server.close();
  await engine.close();
  const columns = [
    'request',
    'in process p50 ms',
    'over HTTP p50 ms',
    'added ms',
    'in process p99 ms',
    'over HTTP p99 ms',
  ];
  return { table: { title: 'the first text, one client after the other', columns, rows }, added };
}

async function firstText(engine: Engine, content: string): Promise<number> {
  const start = performance.now();
  let first = 0;
  for await (const event of engine.generate([{ role: 'user', content }], { maxTokens: 4 }))
    if (event.type === 'text' && first === 0) first = performance.now() - start;
  return first;
}
