import type { BenchOptions, Report } from '../report.js';
import { median } from '../statistics.js';
import { BanyanSystem } from '../systems/banyan-system.js';
import type { System } from '../systems/system.js';
import { runAgents, tokens } from './agents.js';
import { SMALL_MODEL, scaled, smallModel } from './model.js';
import { FCFS_LRU } from './policies.js';

const TURNS = 6;
const MAIN = scaled(12_000);
const CHILD = scaled(10_000);
const CHILDREN = 8;
const AT_ONCE = 2;
const MAIN_PROGRAM = 1_000_000;

/** W7: a main agent that sends sub-agents of other instructions out between its turns, and goes on after them. */
async function runMain(system: System, run: number) {
  const context = tokens(`main ${run}`, MAIN);
  let again = 0;
  let ttft = 0;
  for (let turn = 0; turn < TURNS; turn++) {
    const before = context.length;
    context.push(...tokens(`main ${run}/${turn}`, scaled(870)));
    const appended = context.length - (turn === 0 ? 0 : before);
    const cost = await system.call(context, scaled(225), MAIN_PROGRAM + run);
    // The last token of an answer was sampled, never computed: it is new to the next turn.
    if (turn > 0) again += Math.max(0, cost.prefilledTokens - appended - 1);
    ttft += turn > 0 ? cost.ttftMs : 0;
    context.push(...cost.tokens);
    system.tell?.(MAIN_PROGRAM + run, 'tool-started', 'delegate');
    const all = children(run, turn);
    for (let first = 0; first < CHILDREN; first += AT_ONCE) await runAgents(system, all.slice(first, first + AT_ONCE));
    system.tell?.(MAIN_PROGRAM + run, 'tool-ended', 'delegate');
  }
  system.tell?.(MAIN_PROGRAM + run, 'finished', '');
  return { again, ttftMs: ttft / (TURNS - 1) };
}

const children = (run: number, turn: number) =>
  Array.from({ length: CHILDREN }, (_, child) => ({
    instructions: tokens(`child ${child}`, CHILD / 2),
    steps: [0, 1].map((step) => ({
      appended: tokens(`child ${run}/${turn}/${child}/${step}`, CHILD / 4),
      outputTokens: scaled(225),
      toolMs: 18,
    })),
  }));

/** Tokens of the main agent that were computed again because its sub-agents took their pages. */
export async function benchSubagents({ runs, threads }: BenchOptions): Promise<Report> {
  const model = smallModel();
  const findings: string[] = [];
  const rows: (string | number)[][] = [];
  // Memory allows it: the main agent, and what its sub-agents hold at a time, fit. Their leftovers do not.
  for (const kvTokens of [8192, 4096, 3072]) {
    const ours = await BanyanSystem.open('banyan', model, { threads, kvTokens });
    const fcfs = await BanyanSystem.open('FCFS + LRU', model, { threads, kvTokens, policy: FCFS_LRU });
    const again = new Map<BanyanSystem, number>();
    for (const system of [ours, fcfs]) {
      const costs: Awaited<ReturnType<typeof runMain>>[] = [];
      for (let run = 0; run < runs; run++) {
        await system.forget();
        costs.push(await runMain(system, run));
      }
      again.set(system, median(costs.map((cost) => cost.again)));
      rows.push([kvTokens, system.name, again.get(system) as number, median(costs.map((cost) => cost.ttftMs))]);
    }
    findings.push(
      `${kvTokens} tokens of KV: the main agent computes ${again.get(ours)} tokens again, ` +
        `first-come-first-served with LRU ${again.get(fcfs)}`,
    );
    await ours.close();
    await fcfs.close();
  }
  return {
    findings,
    tables: [
      {
        title: `${TURNS} turns over ${MAIN} tokens, ${CHILDREN} sub-agents of ${CHILD} tokens between them, ${AT_ONCE} at a time`,
        columns: ['KV tokens', 'policy', 'computed again', 'TTFT of a return ms'],
        rows,
      },
    ],
    setup: { model: SMALL_MODEL, threads: threads || 'all physical cores', repetitions: `${runs}, medians` },
  };
}
