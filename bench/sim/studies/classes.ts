import { SIM_STATES } from '../../../src/native/simulation.js';
import { latencies } from '../../../testing/simulator/metrics.js';
import { type Run, run } from '../../../testing/simulator/run-simulation.js';
import { FCFS_LRU, OURS, type SimSetup, type System } from '../../../testing/simulator/systems.js';
import { type Mixed, mixed } from '../../../testing/workloads/mixed.js';
import { forSeeds, over, type Study, type StudyOptions, verdict } from './study.js';

const SECONDS = 120;
const FRONT = { interactive: 1, agents: 4 };
const RAMP = [0, 4, 8, 16, 32, 64];
const SATURATED = 64;
const FINISHED = SIM_STATES.indexOf('finished');

interface Outcome {
  ttftP95: number;
  itlP99: number;
  /** Tokens of finished summaries a second. */
  background: number;
}

async function outcome(system: System, setup: SimSetup, seed: string, load: Omit<Mixed, 'seconds'>): Promise<Outcome> {
  const workload = mixed(setup.scale, seed, { seconds: SECONDS, ...load });
  const untilUs = setup.scale.micros(SECONDS);
  const { result }: Run = await run(workload, system, setup, { untilUs });
  const of = (cls: string) =>
    [...workload.calls.entries()]
      .filter(([, { program }]) => workload.programs[program]?.class === cls)
      .map(([i]) => i);
  const { calls, gapsUs } = result;
  const done = of('background').filter((call) => calls.state[call] === FINISHED);
  const tokens = done.reduce((sum, call) => sum + (calls.promptTokens[call] ?? 0) + (calls.outputTokens[call] ?? 0), 0);
  const gaps = Float64Array.from(gapsUs[0]).sort();
  return {
    ttftP95: latencies(result.calls, of('interactive')).ttftMs.p95,
    itlP99: (gaps[Math.floor(0.99 * gaps.length)] ?? 0) / 1000,
    background: (tokens * 1e6) / untilUs,
  };
}

/** W6: what background work does to people, and what people leave of background work. */
export async function classesStudy({ setup, seeds }: StudyOptions): Promise<Study> {
  const systems = [OURS, FCFS_LRU];
  const levels: { background: number; system: System; runs: Outcome[] }[] = [];
  for (const background of RAMP) {
    for (const system of systems) {
      const runs = await forSeeds(seeds, (seed) => outcome(system, setup, seed, { ...FRONT, background }));
      levels.push({ background, system, runs });
    }
  }
  const solo = await forSeeds(seeds, (seed) => outcome(OURS, setup, seed, { background: SATURATED }));
  const alone = over(solo, ({ background }) => background);
  const at = (system: System, background: number, pick: (outcome: Outcome) => number) =>
    over(levels.find((level) => level.system === system && level.background === background)?.runs ?? [], pick);
  const slower = (system: System) => at(system, SATURATED, (o) => o.ttftP95) / at(OURS, 0, (o) => o.ttftP95);
  const kept = (system: System) => at(system, SATURATED, (o) => o.background) / alone;
  const points = (pick: (outcome: Outcome) => number) =>
    levels.map(({ background, system, runs }) => ({ series: system.name, x: background, y: over(runs, pick) }));
  const x = 'summaries in progress';
  return {
    findings: [
      verdict(
        'W6, interactive p95 TTFT over no background',
        `${slower(OURS).toFixed(2)}x`,
        '1.2x',
        slower(OURS) <= 1.2,
      ),
      verdict('W6, background of its solo throughput', `${(100 * kept(OURS)).toFixed(0)}%`, '80%', kept(OURS) >= 0.8),
      `W6 with FCFS + LRU: p95 TTFT ${slower(FCFS_LRU).toFixed(2)}x, background ${(100 * kept(FCFS_LRU)).toFixed(0)}%`,
    ],
    tables: [
      {
        title: `W6: ${FRONT.interactive} question a second, ${FRONT.agents} agents, and background summaries`,
        columns: ['summaries', 'system', 'interactive TTFT p95 ms', 'ITL p99 ms', 'background tokens/s', 'of solo %'],
        rows: levels.map(({ background, system, runs }) => [
          background,
          system.name,
          over(runs, ({ ttftP95 }) => ttftP95),
          over(runs, ({ itlP99 }) => itlP99),
          over(runs, (o) => o.background),
          (100 * over(runs, (o) => o.background)) / alone,
        ]),
      },
    ],
    charts: {
      'sim-background': [
        {
          title: 'People wait',
          x,
          y: 'interactive TTFT p95, ms',
          logY: true,
          points: points(({ ttftP95 }) => ttftP95),
        },
        { title: 'Background work done', x, y: 'tokens / s', points: points(({ background }) => background) },
      ],
    },
  };
}
