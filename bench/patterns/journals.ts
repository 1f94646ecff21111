import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Journal, type JournalEntry, RunStore } from '../../src/index.js';
import { sqlite } from '../../testing/engine/sqlite.js';
import { median } from '../../testing/statistics.js';
import type { Measured } from '../report.js';
import { benchResume } from './resume.js';
import { costOfStep, type StepCost } from './scripted-run.js';

const STEPS = 16;
/** Runs of each kind, by turns, and those before them: what is compiled meanwhile. */
const [ROUNDS, WARM] = [15, 4];
/** Of a run in one store, so that its empty pages weigh little. */
const COPIES = 50;

/** A way to keep a run. */
interface Kept {
  name: string;
  journal: (round: number) => string | Journal | undefined;
  bytesOfStep: number;
  costs: StepCost[];
}

/** What it costs to keep a run on the disk, and what that saves when its process dies. */
export async function benchJournals(threads: number): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), 'banyan-bench-journals-'));
  try {
    const resumed = await benchResume(folder, threads);
    const library = await sqlite();
    await using store = library && (await RunStore.open(join(folder, 'runs.db'), { library }));
    const kept = (name: string, bytesOfStep: number, journal: Kept['journal']): Kept => ({
      name,
      journal,
      bytesOfStep,
      costs: [],
    });
    const ways = [
      kept('none', 0, () => undefined),
      kept('a file', resumed.bytes / resumed.steps, (round) => join(folder, `run ${round}.jsonl`)),
    ];
    if (library && store) {
      const bytes = await bytesInStore(join(folder, 'copies.db'), library, resumed.entries);
      ways.push(kept('a store in SQLite', bytes / resumed.steps, (round) => store.run(`run ${round}`)));
    }
    for (let round = 0; round < WARM + ROUNDS; round++)
      for (const { journal, costs } of round % 2 === 0 ? ways : [...ways].reverse()) {
        const cost = await costOfStep({ steps: STEPS, calls: 1, journal: journal(round) });
        if (round >= WARM) costs.push(cost);
      }
    const rows = ways.map(({ name, bytesOfStep, costs }) => ({
      ...{ name, bytesOfStep },
      cpu: median(costs.map(({ cpu }) => cpu)),
      wall: median(costs.map(({ wall }) => wall)),
    }));
    const [none, ...others] = rows;
    const more = others.map(
      ({ name, cpu, bytesOfStep }) =>
        `${name} ${(cpu - (none?.cpu ?? 0)).toFixed(0)} µs of CPU time and ${bytesOfStep.toFixed(0)} bytes a step`,
    );
    return {
      findings: [
        `a run on record costs: ${more.join(', ')}${library ? '' : '; SQLite not measured, better-sqlite3 is not here'}`,
        ...resumed.findings,
      ],
      tables: [
        {
          title: `a run on record: ${ROUNDS} runs of ${STEPS} steps by turns, a call of a tool in each step, a model that takes no time`,
          columns: ['journal', 'CPU µs a step', 'µs a step, the disk waited for', 'bytes a step of the embedded model'],
          rows: rows.map(({ name, cpu, wall, bytesOfStep }) => [name, cpu, wall, bytesOfStep]),
        },
        ...resumed.tables,
      ],
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Of one run among many. */
async function bytesInStore(
  path: string,
  library: NonNullable<Awaited<ReturnType<typeof sqlite>>>,
  entries: readonly JournalEntry[],
): Promise<number> {
  const store = await RunStore.open(path, { library });
  for (let copy = 0; copy < COPIES; copy++) {
    const journal = store.run(`run ${copy}`);
    for (const entry of entries) journal.append(entry);
  }
  await store.close();
  return statSync(path).size / COPIES;
}
