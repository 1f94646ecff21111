import { run } from '../../../testing/simulator/run-simulation.js';
import { fixedCap, OURS, type SimSetup, type System } from '../../../testing/simulator/systems.js';
import { fleet } from '../../../testing/workloads/fleet.js';
import { forSeeds, over, type Study, type StudyOptions, verdict } from './study.js';

const AGENTS = 128;
const CAPS = [8, 12, 16, 20, 24, 32, 48, 64, 96, 128];

/** W2 with 128 agents: the window that AIMD finds against the best fixed cap found by search. */
export async function windowStudy({ setup, seeds }: StudyOptions): Promise<Study> {
  const rows: { system: System; throughput: number; hitRate: number; completion: number }[] = [];
  for (const system of [OURS, ...CAPS.map(fixedCap)]) rows.push(await row(system, setup, seeds));
  const [ours, ...capped] = rows;
  const best = capped.reduce((a, b) => (b.throughput > a.throughput ? b : a));
  const share = (ours?.throughput ?? 0) / best.throughput;
  return {
    findings: [
      verdict(
        `W2, ${AGENTS} agents, throughput over the best fixed cap (${best.system.name})`,
        share.toFixed(3),
        '0.95',
        share >= 0.95,
      ),
    ],
    tables: [
      {
        title: `W2: ${AGENTS} agents, programs at work at the same time`,
        columns: ['window', 'tokens/s', 'of the best cap', 'hit rate', 'completion p50 s'],
        rows: rows.map(({ system, throughput, hitRate, completion }) => [
          system.name,
          throughput,
          throughput / best.throughput,
          hitRate,
          completion,
        ]),
      },
    ],
  };
}

async function row(system: System, setup: SimSetup, seeds: readonly string[]) {
  const runs = await forSeeds(seeds, (seed) => run(fleet(setup.scale, seed, { agents: AGENTS }), system, setup));
  return {
    system,
    throughput: over(runs, ({ metrics }) => metrics.throughput),
    hitRate: over(runs, ({ metrics }) => metrics.hitRate),
    completion: over(runs, ({ metrics }) => metrics.completionS.p50),
  };
}
