import { BanyanSystem } from '../../testing/drive/banyan-system.js';
import { drive } from '../../testing/drive/drive.js';
import { quantiles } from '../../testing/simulator/metrics.js';
import { FCFS_LRU } from '../../testing/simulator/systems.js';
import { median } from '../../testing/statistics.js';
import { type Mixed, mixed } from '../../testing/workloads/mixed.js';
import { CI } from '../../testing/workloads/scale.js';
import { byTurns } from '../by-turns.js';
import { type Columns, table } from '../cost.js';
import { describe, modelPath } from '../models.js';
import { type BenchOptions, type Report, setup } from '../report.js';

const PHASE_S = 15;
/** At GPU scale: a question every 40 s, so that four fifths of the machine are left to the background. */
const PEOPLE = { interactive: 1 / 40 };
const SUMMARIES = { background: 24 };
const LOADS = { people: PEOPLE, summaries: SUMMARIES, both: { ...PEOPLE, ...SUMMARIES } };

interface Phase {
  /** Times to the first token of people's questions, milliseconds. */
  ttftMs: number[];
  /** Tokens of summaries, prompts and answers, a second. */
  backgroundRate: number;
}

async function phase(system: BanyanSystem, seed: string, load: Omit<Mixed, 'seconds'>): Promise<Phase> {
  const plan = mixed(CI, seed, { seconds: PHASE_S * 50, ...load });
  await system.forget();
  const run = await drive(system, plan, { untilMs: PHASE_S * 1000 });
  const answered = plan.calls.flatMap(({ program }, call) => {
    const inTime = (run.endedUs[call] as number) > 0 && (run.endedUs[call] as number) <= PHASE_S * 1e6;
    return inTime ? [{ call, cls: plan.programs[program]?.class }] : [];
  });
  const of = (cls: string) => answered.filter((each) => each.cls === cls).map(({ call }) => call);
  const size = (call: number) => (run.promptTokens[call] as number) + (run.outputTokens[call] as number);
  return {
    ttftMs: of('interactive').map((call) => ((run.firstTokenUs[call] as number) - (run.dueUs[call] as number)) / 1000),
    backgroundRate: of('background').reduce((sum, call) => sum + size(call), 0) / PHASE_S,
  };
}

interface Row {
  name: string;
  runs: Record<keyof typeof LOADS, Phase>[];
}

const p95 = ({ runs }: Row, load: keyof typeof LOADS) => quantiles(runs.flatMap((run) => run[load].ttftMs)).p95;
const rate = ({ runs }: Row, load: keyof typeof LOADS) => median(runs.map((run) => run[load].backgroundRate));
const slower = (row: Row) => p95(row, 'both') / p95(row, 'people');
const share = (row: Row) => rate(row, 'both') / rate(row, 'summaries');

const COLUMNS: Columns<Row> = {
  policy: ({ name }) => name,
  'TTFT p95 alone ms': (row) => p95(row, 'people'),
  'with background ms': (row) => p95(row, 'both'),
  ratio: slower,
  'background tokens/s alone': (row) => rate(row, 'summaries'),
  'with interactive': (row) => rate(row, 'both'),
  share,
  requests: ({ runs }) => runs.reduce((sum, { both }) => sum + both.ttftMs.length, 0),
};

/** W6: people who ask now and then, and summaries that would fill the machine; each alone, then together. */
export async function benchClasses({ runs, threads }: BenchOptions): Promise<Report> {
  const model = modelPath('25m');
  const options = { threads, kvTokens: 24_576, maxRunning: 16 };
  const systems = [
    await BanyanSystem.open('banyan', model, options),
    await BanyanSystem.open('FCFS + LRU', model, { ...options, policy: FCFS_LRU.policy }),
  ];
  const rows = await byTurns(systems, runs, async (system, run) => ({
    people: await phase(system, `people ${run}`, LOADS.people),
    summaries: await phase(system, `summaries ${run}`, LOADS.summaries),
    both: await phase(system, `both ${run}`, LOADS.both),
  }));
  return {
    findings: rows.map(
      (row) =>
        `${row.name}: interactive TTFT p95 ${slower(row).toFixed(2)}x of that without background (target 1.2x), ` +
        `background keeps ${(100 * share(row)).toFixed(0)}% of its own throughput (target 80%)`,
    ),
    tables: [table(`a question every ${40_000 / 50} ms, ${SUMMARIES.background} summaries at a time`, COLUMNS, rows)],
    setup: { ...setup(describe('25m'), threads, runs), phase: `${PHASE_S} s` },
  };
}
