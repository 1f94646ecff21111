/** One of two processes that share a directory: argv is the directory, the model, threads. Answers each message with what it cost. */
import { setTimeout } from 'node:timers/promises';
import { Engine } from '../../src/index.js';
import { CACHE_BYTES } from './directory.js';

/** Prompts to answer at once. */
export interface Asked {
  prompts: number[][];
  /** Pages of them that are new: it waits until so many are written. */
  store?: number;
  /** Pages that it first waits to know of on disk, for two seconds at most. */
  known?: number;
}

export interface Told {
  cachedTokens: number;
  ttftMs: number;
  tokens: number[];
  /** Pages on disk that the process knows of afterwards. */
  known: number;
}

const [PATIENCE_MS, WRITING_MS] = [2_000, 20_000];
const [dir = '', model = '', threads = '0'] = process.argv.slice(2);
const engine = Engine.load({ model, threads: Number(threads), kvTokens: 8192, cache: { dir, bytes: CACHE_BYTES } });

async function answer({ prompts, store = 0, known = 0 }: Asked): Promise<Told[]> {
  const loaded = await engine;
  const until = performance.now() + PATIENCE_MS;
  while ((await loaded.stats()).pagesDisk < known && performance.now() < until) await setTimeout(20);
  const options = { temperature: 0, maxTokens: 4, ignoreEos: true, durable: store > 0 };
  const before = (await loaded.stats()).pagesDisk;
  const answers = await Promise.all(prompts.map((prompt) => loaded.generate(Int32Array.from(prompt), options)));
  for (const late = performance.now() + WRITING_MS; (await loaded.stats()).pagesDisk < before + store; ) {
    if (performance.now() > late) throw new Error(`not all ${store} pages were written`);
    await setTimeout(5);
  }
  const { pagesDisk } = await loaded.stats();
  return answers.map(({ usage, tokens }) => {
    return { cachedTokens: usage.cachedTokens ?? 0, ttftMs: usage.ttftMs, tokens: [...tokens], known: pagesDisk };
  });
}

process.on('message', (asked: Asked) => {
  answer(asked).then(
    (told) => process.send?.(told),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});
process.on('SIGTERM', async () => {
  await (await engine).close();
  process.exit(0);
});
