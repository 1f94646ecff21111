/** 10,000 short requests in rounds of 50: cached, cold, cancelled, forked and schema-bound. Prints RSS after each quarter. */
import { randomPrompt } from '../../../testing/engine/prompts.js';
import { TestEngine } from '../../../testing/engine/test-engine.js';

const REQUESTS = 10_000;
const ROUND = 50;
const shape = { layers: 1, embedding: 64, heads: 2, kvHeads: 1, feedForward: 64 };
const engine = await TestEngine.open(shape, { kvTokens: 2048, maxRunning: 32 });
const shared = randomPrompt('shared', 24);
const rss = [process.memoryUsage.rss()];
let finished = 0;

for (let first = 0; first < REQUESTS; first += ROUND) {
  const round = Array.from({ length: ROUND }, (_, i) => {
    const request = engine.submit([...(i % 2 === 0 ? shared : []), ...randomPrompt(first + i, 6 + (i % 20))], {
      maxTokens: 1 + (i % 4),
      salt: i % 7 === 0 ? `tenant ${first}` : '',
      jsonSchema: i % 25 === 0 ? '{"type": "integer"}' : '',
    });
    if (i % 10 === 9) engine.native.cancel(request.id);
    return request.done;
  });
  for (const { error, reason } of await Promise.all(round)) {
    if (error || !reason) throw new Error(`request failed: ${JSON.stringify(error)}`);
    finished++;
  }
  if ((first + ROUND) % (REQUESTS / 4) === 0) {
    await engine.verifyIdle();
    globalThis.gc?.();
    rss.push(process.memoryUsage.rss());
  }
}
await engine.close();
console.log(JSON.stringify({ rss, finished }));
