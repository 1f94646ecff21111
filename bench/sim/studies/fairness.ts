import type { NativeSimResult, NativeSimWorkload } from '../../../src/native/simulation.js';
import { completions, quantiles } from '../../../testing/simulator/metrics.js';
import { run } from '../../../testing/simulator/run-simulation.js';
import { FCFS_LRU, OURS } from '../../../testing/simulator/systems.js';
import { tenants } from '../../../testing/workloads/tenants.js';
import type { Point } from '../../chart.js';
import type { Study, StudyOptions } from './study.js';

const STEPS = 24;
const RUNNING = 16;

/** Tokens computed for the modest tenant over those for both, up to each of STEPS times while both have work. */
function shares(
  workload: NativeSimWorkload,
  { calls }: NativeSimResult,
  until: number,
): [seconds: number, share: number][] {
  const done = workload.calls.map(({ program }, call) => ({
    modest: workload.programs[program]?.tenant === 1,
    at: calls.endedUs[call] ?? 0,
    tokens: calls.computedTokens[call] ?? 0,
  }));
  return Array.from({ length: STEPS }, (_, i) => {
    const time = (until * (i + 1)) / STEPS;
    const before = done.filter(({ at }) => at > 0 && at <= time);
    const both = before.reduce((sum, { tokens }) => sum + tokens, 0);
    const mine = before.reduce((sum, { tokens, modest }) => sum + (modest ? tokens : 0), 0);
    return [time / 1e6, both === 0 ? Number.NaN : mine / both] as [number, number];
  });
}

/** Two tenants, one with six times as many agents: what each gets while both want all. */
export async function fairnessStudy({ setup, seeds: [seed = ''] }: StudyOptions): Promise<Study> {
  const workload = tenants(setup.scale, seed);
  const mine = workload.programs.map(({ tenant }) => tenant === 1);
  const points: Point[] = [];
  const rows: [string, number, number, number][] = [];
  for (const system of [OURS, FCFS_LRU]) {
    const { result } = await run(workload, system, { ...setup, maxRunning: RUNNING });
    const ends = completions(workload, result.calls);
    const both = Math.max(...[...result.programs.endedUs].filter((_, p) => mine[p]));
    const curve = shares(workload, result, both);
    points.push(...curve.filter(([, y]) => y >= 0).map(([x, y]) => ({ series: system.name, x, y })));
    rows.push([
      system.name,
      curve[STEPS / 2]?.[1] ?? Number.NaN,
      quantiles(ends.filter((_, p) => mine[p])).p50,
      quantiles(ends.filter((_, p) => !mine[p])).p50,
    ]);
  }
  const share = (row: number) => `${(100 * (rows[row]?.[1] ?? Number.NaN)).toFixed(0)}%`;
  return {
    findings: [
      `a tenant with 8 of 56 agents gets ${share(0)} of the engine while it wants half; FCFS + LRU ${share(1)}`,
    ],
    tables: [
      {
        title: `Two tenants, 8 and 48 agents, no tools, ${RUNNING} requests at a time`,
        columns: ['system', "modest tenant's share at half time", 'its completion p50 s', "the other's"],
        rows,
      },
    ],
    charts: {
      'sim-fairness': [
        { title: 'Share of the modest tenant (fair: 0.5)', x: 'seconds', y: 'share of computed tokens', points },
      ],
    },
  };
}
