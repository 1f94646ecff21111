import { Engine } from '../../src/index.js';
import { randomModel } from '../../testing/models/random-model.js';
import { median } from '../../testing/statistics.js';
import { mainThreadMicros } from '../main-thread.js';
import type { Table } from '../report.js';

const TOKENS = 200;

/** Main-thread time for one streamed token, everything included: N-API, decoding, routing, promises, `for await`. */
export async function measureTokenCost(runs: number): Promise<Table> {
  // Small, yet slow enough for one call a step: with a quicker model steps pile up in one call, which costs less.
  const model = randomModel({ layers: 4, embedding: 256, heads: 8, kvHeads: 4, feedForward: 512 });
  const engine = await Engine.load({ model, threads: 1, kvTokens: 16_384, maxRunning: 64 });
  const rows: Table['rows'] = [];
  await stream(engine, 8); // warms the compiler
  for (const streams of [1, 8, 32, 64]) {
    const micros: number[] = [];
    let perStep = 0;
    for (let run = 0; run < runs; run++) {
      const before = await engine.stats();
      const start = mainThreadMicros();
      const tokens = await stream(engine, streams);
      micros.push((mainThreadMicros() - start) / tokens);
      const after = await engine.stats();
      perStep = (after.callbacks - before.callbacks) / (after.steps - before.steps);
    }
    rows.push([streams, perStep, median(micros)]);
  }
  await engine.close();
  return { title: 'streaming', columns: ['streams at once', 'calls a step', 'JavaScript us a token'], rows };
}

async function stream(engine: Engine, streams: number): Promise<number> {
  const counts = await Promise.all(
    Array.from({ length: streams }, async (_, i) => {
      let tokens = 0;
      for await (const event of engine.generate(`stream number ${i}`, { maxTokens: TOKENS, temperature: 1, seed: i }))
        if (event.type === 'tokens') tokens += event.tokens.length;
      return tokens;
    }),
  );
  return counts.reduce((total, count) => total + count, 0);
}
