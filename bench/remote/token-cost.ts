import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { RemoteEngine } from '../../src/index.js';
import { median, sum } from '../../testing/statistics.js';
import { mainThreadMicros } from '../main-thread.js';
import type { Table } from '../report.js';

const TOKENS = 300;

/** Main-thread time of a token that comes from another engine: HTTP, events, ids, the reading of the answer, `for await`. */
export async function measureRemoteTokens(runs: number): Promise<Table> {
  const script = new URL('./token-server.ts', import.meta.url).pathname;
  const args = ['--import', 'tsx', script];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [url] = (await once(createInterface(child.stdout), 'line')) as [string];
    await using engine = await RemoteEngine.connect({ url });
    await stream(engine, 4); // warms the compiler
    const rows: Table['rows'] = [];
    for (const streams of [1, 8, 32]) {
      const micros: number[] = [];
      for (let run = 0; run < runs; run++) {
        const start = mainThreadMicros();
        const tokens = await stream(engine, streams);
        micros.push((mainThreadMicros() - start) / tokens);
      }
      rows.push([streams, median(micros)]);
    }
    return { title: 'a token from another engine', columns: ['streams at once', 'JavaScript us a token'], rows };
  } finally {
    child.kill();
  }
}

async function stream(engine: RemoteEngine, streams: number): Promise<number> {
  const counts = await Promise.all(
    Array.from({ length: streams }, async (_, at) => {
      let tokens = 0;
      const options = { maxTokens: TOKENS, temperature: 0 };
      for await (const event of engine.generate(`stream number ${at}`, options)) {
        if (event.type === 'tokens') tokens += event.tokens.length;
      }
      return tokens;
    }),
  );
  return sum(counts);
}
