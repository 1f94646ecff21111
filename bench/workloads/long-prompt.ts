import { setTimeout as sleep } from 'node:timers/promises';
import type { NativeEngineOptions } from '../../src/native/binding.js';
import type { BenchOptions, Report } from '../report.js';
import { median, quantile } from '../statistics.js';
import { BanyanSystem } from '../systems/banyan-system.js';
import { tokens } from './agents.js';
import { SMALL_MODEL, smallModel } from './model.js';
import { FCFS_LRU, ITL_TARGET_MS } from './policies.js';

const AGENTS = 8;
const LONG = 30_000;
const ANSWER = 2_000;
/** Steps of one token before the prompt comes: what the gaps are without it. */
const BEFORE = 100;

/** One prompt of 30,000 tokens among agents that decode: how long they wait for their next token meanwhile. */
async function longAmong(system: BanyanSystem, run: number) {
  const prompt = tokens(`long prompt ${run}`, LONG);
  const agents = Array.from({ length: AGENTS }, (_, agent) =>
    system.start(tokens(`long ${run}/${agent}`, 60), ANSWER, 0, { class: 'workflow' }),
  );
  while (agents.some(({ tokens }) => tokens.length < BEFORE)) await sleep(5);
  const before = agents.flatMap(({ gapsMs }) => gapsMs.slice(10));
  for (const { gapsMs, gapsCpuMs } of agents) gapsMs.length = gapsCpuMs.length = 0;
  const { ttftMs } = await system.call(prompt, 1, 0, { class: 'workflow' });
  const during = agents.flatMap(({ gapsMs }) => gapsMs.slice());
  const duringCpu = agents.flatMap(({ gapsCpuMs }) => gapsCpuMs.slice());
  // An agent that had ended would make it easier for the others.
  if (agents.some(({ tokens }) => tokens.length >= ANSWER))
    throw new Error('the answers are too short for this machine');
  for (const { id } of agents) system.native.cancel(id);
  await Promise.all(agents.map(({ done }) => done));
  return { before, during, duringCpu, ttftMs };
}

export async function benchLongPrompt({ runs, threads }: BenchOptions): Promise<Report> {
  const model = smallModel();
  const options: Partial<NativeEngineOptions> = { threads, kvTokens: 49_152, maxRunning: 16 };
  const rows: (string | number)[][] = [];
  const findings: string[] = [];
  for (const [name, policy] of [
    ['banyan', undefined],
    ['FCFS + LRU, 512 tokens a step', FCFS_LRU],
  ] as const) {
    const system = await BanyanSystem.open(name, model, policy ? { ...options, policy } : options);
    const costs: Awaited<ReturnType<typeof longAmong>>[] = [];
    for (let run = 0; run < runs; run++) {
      await system.forget();
      costs.push(await longAmong(system, run));
    }
    await system.close();
    const over = (share: number, pick: 'before' | 'during' | 'duringCpu') =>
      median(costs.map((cost) => quantile(cost[pick], share)));
    const p99 = over(0.99, 'during');
    const cpu99 = over(0.99, 'duringCpu');
    rows.push([
      ...[name, over(0.5, 'before'), over(0.5, 'during'), over(0.95, 'during'), p99],
      ...[over(0.5, 'duringCpu'), cpu99],
      ...[median(costs.map((cost) => Math.max(...cost.during))), median(costs.map(({ ttftMs }) => ttftMs / 1000))],
    ]);
    findings.push(
      `${name}: ITL p99 of ${AGENTS} agents while ${LONG} tokens are prefilled: ${p99.toFixed(1)} ms, ` +
        `${(p99 / ITL_TARGET_MS).toFixed(2)}x of the target of ${ITL_TARGET_MS} ms (limit 2x), ${cpu99.toFixed(1)} ms by CPU time`,
    );
  }
  return {
    findings,
    tables: [
      {
        title: `${AGENTS} agents decode, one prompt of ${LONG} tokens arrives`,
        columns: [
          'policy',
          'ITL p50 before ms',
          'p50 during',
          'p95',
          'p99',
          'p50 CPU',
          'p99 CPU',
          'max',
          'TTFT of the prompt s',
        ],
        rows,
      },
    ],
    setup: {
      model: SMALL_MODEL,
      threads: threads || 'all physical cores',
      repetitions: `${runs}, medians`,
    },
  };
}
