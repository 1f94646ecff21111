import type { NativeSimWorkload } from '../../src/native/simulation.js';
import { BanyanSystem } from '../../testing/drive/banyan-system.js';
import { randomModel, SHAPE_HYBRID } from '../../testing/models/random-model.js';
import { fleet } from '../../testing/workloads/fleet.js';
import { CI_LARGE_MODEL } from '../../testing/workloads/scale.js';
import { subAgents } from '../../testing/workloads/sub-agents.js';
import { LlamaServerSystem } from '../baseline/llama-server-system.js';
import { byTurns } from '../by-turns.js';
import { COSTS, type Columns, costOf, type Measured, over, ratio, table } from '../cost.js';
import type { BenchOptions, Report } from '../report.js';
import { setup } from './model.js';

const SLOTS = 8;
const CONTEXT = 16_384;

const PLANS: [what: string, plan: NativeSimWorkload][] = [
  ['W2, 8 agents x 11 calls', fleet(CI_LARGE_MODEL, 'fleet', { agents: 8 })],
  ['W7, 5 turns with 8 sub-agents of 3 calls between them', subAgents(CI_LARGE_MODEL, 'hybrid', { mains: 1 }).workload],
];

const COLUMNS: Columns<Measured> = {
  ...COSTS,
  amplification: (of) => over(of, ({ amplification }) => amplification),
};

/**
 * W2 and W7 on a hybrid of Qwen3.5-0.8B's shape, against the llama-server that LLAMA_SERVER names. One round takes about six
 * minutes at one thread; each run and each workload is told as it ends.
 */
export async function benchHybrid({ runs, threads: given }: BenchOptions): Promise<Report> {
  const threads = given || 2;
  const model = randomModel(SHAPE_HYBRID);
  const { LLAMA_SERVER: binary } = process.env;
  const report: Report = {
    findings: binary ? [] : ['no comparison: LLAMA_SERVER names no program'],
    tables: [],
    setup: {
      ...setup("random qwen35 in Qwen3.5-0.8B's shape, Q8_0, vocabulary 4,096", threads, runs),
      lengths: 'those of the workloads over 24, times over 50',
      ...(binary && {
        'llama-server': LlamaServerSystem.flags({ binary, model: '...', slots: SLOTS, context: CONTEXT, threads }).join(
          ' ',
        ),
      }),
    },
  };
  const found = (finding: string) => {
    console.error(finding);
    report.findings.push(finding);
  };
  for (const [what, plan] of PLANS) {
    console.error(what);
    const systems = [
      await BanyanSystem.open('banyan', model, { threads, kvTokens: CONTEXT, maxRunning: SLOTS }),
      ...(binary ? [await LlamaServerSystem.open({ binary, model, slots: SLOTS, context: CONTEXT, threads })] : []),
    ];
    const measured = await byTurns<BanyanSystem | LlamaServerSystem, Measured['runs'][number]>(
      systems,
      runs,
      (system) => costOf(system, plan),
    );
    const [ours, theirs] = measured;
    if (!ours) throw new Error('no system was measured');
    report.tables.push(table(what, COLUMNS, measured));
    const finding = `${what}: ${over(ours, ({ amplification }) => amplification).toFixed(2)}x of the tokens that endless memory would compute`;
    if (!theirs) found(finding);
    else {
      const times = (pick: 'wallMs' | 'cpuMs') => `${ratio(ours, theirs, (cost) => cost[pick]).toFixed(1)}x`;
      found(`${finding}; ${times('wallMs')} over llama-server, ${times('cpuMs')} less CPU time`);
    }
  }
  return report;
}
