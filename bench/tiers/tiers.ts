import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Engine } from '../../src/index.js';
import { median, spread } from '../../testing/statistics.js';
import { modelPath } from '../models.js';
import { type BenchOptions, type Report, setup, type Table } from '../report.js';

const MODEL = '0.6b';
const RESTARTS = [2048, 8192];
const SESSIONS = { count: 16, tokens: 1024, turns: 4, kvTokens: 8192 };
const LONERS = { count: 24, tokens: 512, output: 16 };

type Cache = { dir: string } | undefined;

/** Tokens that differ from seed to seed from the first one on. */
const text = (seed: number, length: number) =>
  Int32Array.from({ length }, (_, i) => 10 + ((seed * 7919 + i * 104_729 + ((i * seed) % 31)) % 3000));
const ask = { temperature: 0, durable: true, ignoreEos: true } as const;

/**
 * The disk cache: the first token after a restart, cold and from disk; sessions that want twice the pool, with and without; and
 * traffic that shares nothing, which must not pay for it.
 */
export async function benchTiers({ runs, threads }: BenchOptions): Promise<Report> {
  const load = (cache: Cache, kvTokens: number) =>
    Engine.load({ model: modelPath(MODEL), threads, kvTokens, cache: cache && { ...cache, bytes: 20 * 2 ** 30 } });
  const restarts: Table = { title: 'First token after a restart', columns: [], rows: [] };
  restarts.columns = ['prompt tokens', 'cold ms', 'from disk ms', 'times sooner', 'computed tokens'];
  const findings: string[] = [];
  for (const tokens of RESTARTS) {
    const [cold, warm, computed] = [[] as number[], [] as number[], [] as number[]];
    for (let run = 0; run < runs; run++)
      await inDirectory(async (cache) => {
        for (const times of [cold, warm]) {
          await using engine = await load(cache, tokens + 1024);
          const { usage } = await engine.generate(text(run + 1, tokens), { ...ask, maxTokens: 2 });
          times.push(usage.ttftMs);
          if (times === warm) computed.push(usage.promptTokens - usage.cachedTokens);
        }
      });
    const times = median(cold) / median(warm);
    restarts.rows.push([tokens, median(cold), median(warm), times, median(computed)]);
    findings.push(
      `a restart with ${tokens} tokens: the first token ${times.toFixed(1)}x sooner (target 10x, 15x with 8k)`,
    );
  }
  const pool: Table = { title: 'Sessions that want twice the pool', columns: [], rows: [] };
  pool.columns = ['cache', 'wall s', 'spread %', 'prompt tokens computed', 'amplification'];
  const alone: Table = { title: 'Requests that share nothing', columns: ['cache', 'wall s', 'spread %'], rows: [] };
  const [sessions, loners] = [new Map<string, Cost[]>(), new Map<string, Cost[]>()];
  for (let run = 0; run < runs; run++)
    for (const on of run % 2 === 0 ? [false, true] : [true, false])
      await inDirectory(async (dir) => {
        const cache = on ? dir : undefined;
        {
          await using engine = await load(cache, SESSIONS.kvTokens);
          add(sessions, on, await timed(() => turnsOf(engine)));
        }
        await using engine = await load(cache, SESSIONS.kvTokens);
        add(loners, on, await timed(() => strangers(engine, run)));
      });
  const least = SESSIONS.count * (SESSIONS.tokens + (SESSIONS.turns - 1) * ADDED);
  for (const [name, costs] of sessions) {
    const [wall, computed] = [costs.map(({ wallS }) => wallS), median(costs.map((cost) => cost.computed))];
    pool.rows.push([name, median(wall), spread(wall), computed, computed / least]);
  }
  for (const [name, costs] of loners) {
    const wall = costs.map(({ wallS }) => wallS);
    alone.rows.push([name, median(wall), spread(wall)]);
  }
  const ratio = (costs: Map<string, Cost[]>) =>
    median((costs.get('on') ?? []).map(({ wallS }) => wallS)) /
    median((costs.get('off') ?? []).map(({ wallS }) => wallS));
  findings.push(`sessions that want twice the pool: ${ratio(sessions).toFixed(2)}x the time of no disk cache`);
  findings.push(`requests that share nothing: ${ratio(loners).toFixed(3)}x the time of no disk cache (target 1.02x)`);
  return { findings, tables: [restarts, pool, alone], setup: setup(MODEL, threads, runs) };
}

const ADDED = 64;

interface Cost {
  wallS: number;
  computed: number;
}

function add(costs: Map<string, Cost[]>, on: boolean, cost: Cost): void {
  const name = on ? 'on' : 'off';
  costs.set(name, [...(costs.get(name) ?? []), cost]);
}

async function timed(work: () => Promise<number>): Promise<Cost> {
  const began = performance.now();
  const computed = await work();
  return { wallS: (performance.now() - began) / 1000, computed };
}

/** Each session's turns, round by round: when its next one comes, the others have been through the pool. */
async function turnsOf(engine: Engine): Promise<number> {
  let computed = 0;
  const pasts = Array.from({ length: SESSIONS.count }, (_, i) => text(i + 1, SESSIONS.tokens));
  const programs = pasts.map(() => engine.program());
  for (let turn = 0; turn < SESSIONS.turns; turn++)
    for (const [i, past] of pasts.entries()) {
      const { usage } = await engine.generate(past, { ...ask, maxTokens: 1, program: programs[i] });
      computed += usage.promptTokens - usage.cachedTokens;
      pasts[i] = Int32Array.from([...past, ...text(1000 * turn + i + 50, ADDED)]);
    }
  return computed;
}

async function strangers(engine: Engine, run: number): Promise<number> {
  const prompts = Array.from({ length: LONERS.count }, (_, i) => text(100_000 + run * 100 + i, LONERS.tokens));
  const { durable: _, ...options } = ask;
  const answers = await Promise.all(
    prompts.map((prompt) => engine.generate(prompt, { ...options, maxTokens: LONERS.output })),
  );
  return answers.reduce((sum, { usage }) => sum + usage.promptTokens - usage.cachedTokens, 0);
}

async function inDirectory(work: (cache: { dir: string }) => Promise<void>): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'bench-tiers-'));
  try {
    await work({ dir });
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
