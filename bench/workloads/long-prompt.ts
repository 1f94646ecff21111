import { setTimeout as sleep } from 'node:timers/promises';
import { BanyanSystem } from '../../testing/drive/banyan-system.js';
import { tokens } from '../../testing/drive/contents.js';
import { FCFS_LRU } from '../../testing/simulator/systems.js';
import { median, quantile } from '../../testing/statistics.js';
import { byTurns } from '../by-turns.js';
import { type Columns, table } from '../cost.js';
import { describe, modelPath } from '../models.js';
import { type BenchOptions, type Report, setup } from '../report.js';

const AGENTS = 8;
const LONG = 30_000;
const ANSWER = 2_000;
/** Steps of one token before the prompt comes: what the gaps are without it. */
const BEFORE = 100;
/** The default time between tokens that a workflow request is promised while others' prompts are computed. */
const TARGET_MS = 100;
const WORKFLOW = { class: 'workflow' } as const;

/** One prompt of 30,000 tokens among agents that decode: how long they wait for their next token meanwhile. */
async function longAmong(system: BanyanSystem, run: number) {
  await system.forget();
  const agents = Array.from({ length: AGENTS }, (_, agent) =>
    system.start(tokens(`long ${run}/${agent}`, 60), ANSWER, 0, WORKFLOW),
  );
  while (agents.some(({ tokens }) => tokens.length < BEFORE)) await sleep(5);
  const before = agents.flatMap(({ gapsMs }) => gapsMs.slice(10));
  for (const { gapsMs, gapsCpuMs } of agents) gapsMs.length = gapsCpuMs.length = 0;
  const { ttftMs } = await system.start(tokens(`long prompt ${run}`, LONG), 1, 0, WORKFLOW).done;
  const during = agents.flatMap(({ gapsMs }) => gapsMs.slice());
  const duringCpu = agents.flatMap(({ gapsCpuMs }) => gapsCpuMs.slice());
  // An agent that had ended would make it easier for the others.
  if (agents.some(({ tokens }) => tokens.length >= ANSWER))
    throw new Error('the answers are too short for this machine');
  for (const agent of agents) agent.cancel();
  await Promise.all(agents.map(({ done }) => done));
  return { before, during, duringCpu, ttftMs };
}

interface Row {
  name: string;
  runs: Awaited<ReturnType<typeof longAmong>>[];
}

const gap = (share: number, when: 'before' | 'during' | 'duringCpu') => (row: Row) =>
  median(row.runs.map((run) => quantile(run[when], share)));

const COLUMNS: Columns<Row> = {
  policy: ({ name }) => name,
  'ITL p50 before ms': gap(0.5, 'before'),
  'p50 during': gap(0.5, 'during'),
  p95: gap(0.95, 'during'),
  p99: gap(0.99, 'during'),
  'p50 CPU': gap(0.5, 'duringCpu'),
  'p99 CPU': gap(0.99, 'duringCpu'),
  max: ({ runs }) => median(runs.map((run) => Math.max(...run.during))),
  'TTFT of the prompt s': ({ runs }) => median(runs.map(({ ttftMs }) => ttftMs / 1000)),
};

export async function benchLongPrompt({ runs, threads }: BenchOptions): Promise<Report> {
  const model = modelPath('small');
  const options = { threads, kvTokens: 49_152, maxRunning: 16 };
  const systems = [
    await BanyanSystem.open('banyan', model, options),
    await BanyanSystem.open('FCFS + LRU, 512 tokens a step', model, { ...options, policy: FCFS_LRU.policy }),
  ];
  const rows = await byTurns(systems, runs, longAmong);
  return {
    findings: rows.map((row) => {
      const p99 = gap(0.99, 'during')(row);
      return (
        `${row.name}: ITL p99 of ${AGENTS} agents while ${LONG} tokens are prefilled: ${p99.toFixed(1)} ms, ` +
        `${(p99 / TARGET_MS).toFixed(2)}x of the target of ${TARGET_MS} ms (limit 2x), ${gap(0.99, 'duringCpu')(row).toFixed(1)} ms by CPU time`
      );
    }),
    tables: [table(`${AGENTS} agents decode, one prompt of ${LONG} tokens arrives`, COLUMNS, rows)],
    setup: setup(describe('small'), threads, runs),
  };
}
