import { performance } from 'node:perf_hooks';
import type { ChatMessage } from '../../src/chat/chat-message.js';
import { Engine } from '../../src/engine/engine.js';
import { serve } from '../../src/server/serve.js';
import { randomModel } from '../../testing/models/random-model.js';
import { quantile } from '../../testing/statistics.js';
import type { Measured, Table } from '../report.js';
import type { Clients } from './clients.js';
import { FACES } from './faces.js';

const ASKED = 120;
const TURNS = 6;

const PIECE = 1_000;

/** Time to the first text of one client after the other, in the process and over HTTP, on a model that takes next to no time. */
export async function measureFirstToken(clients: Clients): Promise<Measured> {
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
    ['a body of 8 KB', 8_000, ASKED],
    ['a body of 32 KB', 32_000, ASKED],
  ] as const) {
    // What is long is the same each time, so that the model reads only what is new.
    const long = Array.from({ length: size / PIECE }, (_, index) => {
      const content = `${index} ${'word '.repeat(PIECE / 5)}`;
      return [
        { role: 'user' as const, content },
        { role: 'assistant' as const, content: 'ok' },
      ];
    }).flat();
    const [inside, over]: [number[], number[]] = [[], []];
    for (let turn = 0; turn <= TURNS; turn++) {
      const [insideNow, overNow]: [number[], number[]] = [[], []];
      const question = (name: string, index: number) => [
        ...long,
        { role: 'user' as const, content: `${name} ${turn} ${index}` },
      ];
      const count = times / TURNS;
      for (let index = 0; index < count; index++) insideNow.push(await firstText(engine, question('inside', index)));
      const sent = Array.from({ length: count }, (_, index) =>
        JSON.stringify({ messages: question('over', index), max_tokens: 4, stream: true }),
      );
      overNow.push(...(await clients.ask(server.url, FACES.chat.path, sent, 1)).map(({ firstMs }) => firstMs));
      if (turn === 0) continue; // warms the compiler and the cache
      inside.push(...insideNow);
      over.push(...overNow);
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
  return {
    findings: [`the first token comes ${added.toFixed(2)} ms later than in-process, in the median (target 2)`],
    tables: [{ title: 'the first text, one client after the other', columns, rows }],
  };
}

async function firstText(engine: Engine, messages: ChatMessage[]): Promise<number> {
  const start = performance.now();
  let first = 0;
  for await (const event of engine.generate(messages, { maxTokens: 4 }))
    if (event.type === 'text' && first === 0) first = performance.now() - start;
  return first;
}
