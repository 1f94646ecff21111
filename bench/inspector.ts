import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { chromium } from 'playwright-core';
import { Engine } from '../src/engine/engine.js';
import { serve } from '../src/server/serve.js';
import { median, medianError, spread } from '../testing/statistics.js';
import { type BenchOptions, type Report, setup } from './report.js';

const NODES = 10_000;
/** Of a prompt: what many share, then what is its own. */
const SHARED = 4;
const OWN = 4;
const STREAMS = 4;
const TOKENS = 1_000;
const LOOKS = 20;
/** Unwatched and watched by turns, for each repetition asked for. */
const ROUNDS = 20;
/** Before each: the server has seen that a reader left. */
const SETTLE_MS = 100;
const PAINTED_MS = 5_000;
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';

/**
 * Told an address, reads its events and throws them away; told '', leaves. It says when it has begun, and when it has left. A process of its
 * own, there all the time: what a reader costs is not the engine's, and starting one would be in the way of the next measurement.
 */
const READER = `
let leaving;
process.on('message', async (address) => {
  leaving?.abort();
  if (address === '') return process.send('left');
  leaving = new AbortController();
  const { body } = await fetch(address, { signal: leaving.signal });
  let told = false;
  try {
    for await (const piece of body) if (!told) told = process.send('reads');
  } catch {}
});`;

type How = 'unwatched' | 'top' | 'page';
const HOW: readonly How[] = ['unwatched', 'top', 'page'];

/** The inspector over a tree of 10,000 nodes: what it costs the engine, and how soon and how often a page shows it. */
export async function benchInspector({ runs, threads }: BenchOptions): Promise<Report> {
  const engine = await Engine.load({ threads: threads || 1, kvTokens: 32 * (2 * NODES), cache: undefined });
  await using server = await serve(engine, { port: 0 });
  const reader = spawn(process.execPath, ['-e', READER], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  try {
    await grow(engine);
    const looks: number[] = [];
    for (let look = 0; look < LOOKS; look++) looks.push((await engine.snapshot()).tookMs);
    const nodes = (await engine.stats()).treeNodes;
    const speeds: Record<How, number[]> = { unwatched: [], top: [], page: [] };
    for (let round = 0; round <= runs * ROUNDS; round++) {
      for (const how of round % 2 === 0 ? HOW : [...HOW].reverse()) {
        await tell(
          reader,
          how === 'unwatched' ? '' : `${server.url}/inspector/events${how === 'top' ? '?tree=0' : ''}`,
        );
        await sleep(SETTLE_MS);
        const speed = await decode(engine);
        if (round > 0) speeds[how].push(speed); // the first one warms up
      }
    }
    await tell(reader, '');
    const shown = existsSync(CHROMIUM) ? await inBrowser(server.url) : undefined;
    const loss = (how: How) => {
      const losses = speeds[how].map((speed, round) => 100 * (1 - speed / (speeds.unwatched[round] as number)));
      return `${median(losses).toFixed(1)}% slower, give or take ${medianError(losses).toFixed(1)}`;
    };
    const page = shown
      ? `A page paints ${Math.round(shown.firstMs)} ms after it was asked for, the tree after ${Math.round(shown.treeMs)} ms, and ${shown.rate.toFixed(1)} times a second.`
      : 'No Chromium: the page was not opened (CHROMIUM=<path>).';
    return {
      findings: [
        `A look at ${nodes} nodes takes the engine thread ${median(looks).toFixed(2)} ms.`,
        `Decoding while a page's events are read: ${loss('page')} (target 2%); those of \`banyan top\`, which have no tree: ${loss('top')}.`,
        'Unwatched the engine is asked nothing: a test counts the calls.',
        page,
      ],
      tables: [
        {
          title: 'decoding',
          columns: ['watched by', 'tokens a second', 'spread %'],
          rows: HOW.map((how) => [how, median(speeds[how]), spread(speeds[how])]),
        },
      ],
      setup: { ...setup('embedded', threads || 1, runs * ROUNDS), nodes, streams: STREAMS, 'tokens a stream': TOKENS },
    };
  } finally {
    reader.kill();
    await engine.close();
  }
}

/** Prompts that part at their fifth token, until the tree has its nodes. Numbers of tokens are as good as words here. */
async function grow(engine: Engine): Promise<void> {
  for (let n = 0; (await engine.stats()).treeNodes < NODES; n += 64) {
    const asked = Array.from({ length: 64 }, (_, at) => {
      const own = n + at;
      const shared = Array.from({ length: SHARED }, (_, place) => 100 + ((own >> 6) % 40) + place);
      const rest = Array.from({ length: OWN }, (_, place) => 10 + (Math.floor(own / 60 ** place) % 60));
      return engine.generate(Int32Array.from([...shared, ...rest]), { maxTokens: 0 });
    });
    await Promise.all(asked);
  }
}

/** Tokens a second of streams that only decode. */
async function decode(engine: Engine): Promise<number> {
  const start = performance.now();
  const options = { maxTokens: TOKENS, ignoreEos: true, temperature: 0, cache: false };
  await Promise.all(Array.from({ length: STREAMS }, (_, at) => engine.generate(Int32Array.of(50 + at, 60), options)));
  return (STREAMS * TOKENS) / ((performance.now() - start) / 1_000);
}

/** Resolves when it has done so. */
async function tell(reader: ChildProcess, address: string): Promise<void> {
  const done = once(reader, 'message');
  reader.send(address);
  await done;
}

interface Shown {
  firstMs: number;
  treeMs: number;
  /** Paintings a second. */
  rate: number;
}

/** Opened three times; the tree is there when the page tells how many nodes it has. */
async function inBrowser(url: string): Promise<Shown> {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  try {
    const times: { first: number; tree: number; rate: number }[] = [];
    for (let run = 0; run < 3; run++) {
      const page = await browser.newPage();
      const start = performance.now();
      await page.goto(`${url}/inspector`);
      await page.locator('#numbers', { hasText: 'nodes' }).waitFor();
      const tree = performance.now() - start;
      const first = Number(await page.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime"));
      // A painting sets the size of the canvas anew, which clears it.
      await page.evaluate(
        "window.paintings = 0; new MutationObserver(() => window.paintings++).observe(document.querySelector('#tree'), { attributeFilter: ['width'] })",
      );
      await sleep(PAINTED_MS);
      times.push({ first, tree, rate: (1_000 * Number(await page.evaluate('window.paintings'))) / PAINTED_MS });
      await page.close();
    }
    const of = (name: 'first' | 'tree' | 'rate') => median(times.map((one) => one[name]));
    return { firstMs: of('first'), treeMs: of('tree'), rate: of('rate') };
  } finally {
    await browser.close();
  }
}
