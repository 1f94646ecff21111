import { setTimeout as sleep } from 'node:timers/promises';
import { RandomStream } from '../../test/support/gguf/random-stream.js';
import type { BenchOptions, Report } from '../report.js';
import { median, quantile, sum } from '../statistics.js';
import { BanyanSystem } from '../systems/banyan-system.js';
import type { CallCost } from '../systems/system.js';
import { tokens } from './agents.js';
import { CI_MODEL, ciModel, scaled } from './model.js';
import { FCFS_LRU } from './policies.js';

const PHASE_MS = 15_000;
/** Interactive requests: about a tenth of what the machine can do, so that four fifths are left to the background. */
const MEAN_GAP_MS = 800;
const BACKGROUND_AT_ONCE = 24;
const SUMMARY = scaled(8000);

interface Phase {
  interactive: CallCost[];
  /** Tokens of summaries, prompts and answers, a second. */
  backgroundRate: number;
}

/** W6: people who ask now and then, and summaries that would fill the machine. */
async function phase(
  system: BanyanSystem,
  key: string,
  load: { interactive: boolean; background: boolean },
): Promise<Phase> {
  const end = performance.now() + PHASE_MS;
  const interactive: Promise<CallCost>[] = [];
  let done = 0;
  const people = async () => {
    const random = new RandomStream(`classes ${key}`);
    for (let request = 0; ; request++) {
      await sleep(-Math.log((random.below(2 ** 30) + 1) / 2 ** 30) * MEAN_GAP_MS);
      if (performance.now() > end) return;
      const prompt = tokens(`classes ${key} ${request}`, scaled(1000));
      interactive.push(system.call(prompt, scaled(225), 0, { class: 'interactive' }));
    }
  };
  const summaries = async (lane: number) => {
    for (let item = 0; performance.now() < end; item++) {
      const prompt = tokens(`summary ${key} ${lane}/${item}`, SUMMARY);
      const cost = await system.call(prompt, scaled(400), 0, { class: 'background' });
      if (performance.now() < end) done += cost.promptTokens + cost.tokens.length;
    }
  };
  await Promise.all([
    ...(load.interactive ? [people()] : []),
    ...(load.background ? Array.from({ length: BACKGROUND_AT_ONCE }, (_, lane) => summaries(lane)) : []),
  ]);
  return { interactive: await Promise.all(interactive), backgroundRate: done / (PHASE_MS / 1000) };
}

const p95 = (phases: Phase[]) =>
  quantile(
    phases.flatMap((each) => each.interactive.map(({ ttftMs }) => ttftMs)),
    0.95,
  );
const rate = (phases: Phase[]) => median(phases.map(({ backgroundRate }) => backgroundRate));

/** W6, our policy against first-come-first-served with LRU: each alone, then together. */
export async function benchClasses({ runs, threads }: BenchOptions): Promise<Report> {
  const model = ciModel();
  const findings: string[] = [];
  const rows: (string | number)[][] = [];
  const options = { threads, kvTokens: 24_576, maxRunning: 16 };
  const ours = await BanyanSystem.open('banyan', model, options);
  const fcfs = await BanyanSystem.open('FCFS + LRU', model, { ...options, policy: FCFS_LRU });
  const phases = new Map([ours, fcfs].map((system) => [system, { people: [], summaries: [], both: [] } as Phases]));
  for (let run = 0; run < runs; run++)
    for (const [system, found] of phases) {
      await system.forget();
      found.people.push(await phase(system, `people ${run}`, { interactive: true, background: false }));
      found.summaries.push(await phase(system, `solo ${run}`, { interactive: false, background: true }));
      found.both.push(await phase(system, `both ${run}`, { interactive: true, background: true }));
    }
  for (const [system, { people, summaries, both }] of phases) {
    const [alone, together] = [p95(people), p95(both)];
    const share = rate(both) / rate(summaries);
    const count = sum(both.map(({ interactive }) => interactive.length));
    rows.push([system.name, alone, together, together / alone, rate(summaries), rate(both), share, count]);
    findings.push(
      `${system.name}: interactive TTFT p95 ${(together / alone).toFixed(2)}x of that without background (target 1.2x), ` +
        `background keeps ${(100 * share).toFixed(0)}% of its own throughput (target 80%)`,
    );
    await system.close();
  }
  return {
    findings,
    tables: [
      {
        title: `interactive requests every ${MEAN_GAP_MS} ms, ${BACKGROUND_AT_ONCE} summaries of ${SUMMARY} tokens at a time`,
        columns: [
          ...['policy', 'TTFT p95 alone ms', 'with background ms', 'ratio'],
          ...['background tokens/s alone', 'with interactive', 'share', 'requests'],
        ],
        rows,
      },
    ],
    setup: {
      model: CI_MODEL,
      threads: threads || 'all physical cores',
      repetitions: `${runs} of ${PHASE_MS / 1000} s a phase, by turns`,
    },
  };
}

interface Phases {
  people: Phase[];
  summaries: Phase[];
  both: Phase[];
}
