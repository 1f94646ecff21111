/** One of two processes that share a directory: argv is the directory, the model, threads. Answers each message with what it cost. */
import { setTimeout } from 'node:timers/promises';
import { Engine } from '../../src/index.js';
import { CACHE_BYTES } from './directory.js';

/** Prompts to answer at once. */
export interface Asked {
  prompts: number[][];
  /** Tokens of each answer. */
  outputs: number[];
  /** Pages of them that are new: it waits until so many are written. */
  store?: number;
  /** Pages that it first waits to know of on disk, for two seconds at most. */
  known?: number;
  /** Chances of the tokens are told. */
  chances?: boolean;
}

export interface Told {
  cachedTokens: number;
  ttftMs: number;
  tokens: number[];
  /** Of each token, where they were asked for: its logprob, and the likeliest tokens with theirs. */
  chances: { logprob: number; top: [token: number, logprob: number][] }[];
  /** Pages on disk that the process knows of afterwards. */
  known: number;
}

const [PATIENCE_MS, WRITING_MS] = [2_000, 20_000];
const [dir = '', model = '', threads = '0'] = process.argv.slice(2);
const engine = Engine.load({ model, threads: Number(threads), kvTokens: 8192, cache: { dir, bytes: CACHE_BYTES } });

async function answer({ prompts, outputs, store = 0, known = 0, chances = false }: Asked): Promise<Told[]> {
  const loaded = await engine;
  const until = performance.now() + PATIENCE_MS;
  while ((await loaded.stats()).pagesDisk < known && performance.now() < until) await setTimeout(20);
  const options = { temperature: 0, ignoreEos: true, durable: true, ...(chances && { logprobs: 4 }) };
  const before = (await loaded.stats()).pagesDisk;
  const answers = await Promise.all(
    prompts.map((prompt, i) =>
      loaded.generate(Int32Array.from(prompt), { ...options, maxTokens: outputs[i] as number }),
    ),
  );
  for (const late = performance.now() + WRITING_MS; (await loaded.stats()).pagesDisk < before + store; ) {
    if (performance.now() > late) throw new Error(`not all ${store} pages were written`);
    await setTimeout(5);
  }
  const { pagesDisk } = await loaded.stats();
  return answers.map(({ usage, tokens, logprobs = [] }) => ({
    cachedTokens: usage.cachedTokens ?? 0,
    ttftMs: usage.ttftMs,
    tokens: [...tokens],
    chances: logprobs.map(({ logprob, top }) => ({ logprob, top: top.map(({ token, logprob }) => [token, logprob]) })),
    known: pagesDisk,
  }));
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
