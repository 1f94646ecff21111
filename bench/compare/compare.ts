import { randomUUID } from 'node:crypto';
import type { Measured } from '../cost.js';
import { describe, modelPath } from '../models.js';
import { type Case, casesNamed } from './cases.js';
import { measure } from './order.js';
import { timeLeft } from './progress.js';
import { leastSeconds, type MachinePeak, machinePeak } from './roofline.js';
import { type Conditions, type Line, RunLog } from './run-log.js';
import { DEFAULT_SYSTEMS, kindNamed, shortName } from './systems.js';

export interface CompareOptions {
  /** Names of cases, or words that they begin with. */
  cases: readonly string[];
  /** The first is the one that the others are compared with. Default: all that can run here. */
  systems?: readonly string[] | undefined;
  runs: number;
  /** 0: one a physical core. */
  threads: number;
  /** Of the table in bench/models.ts, or a file's path. Default: each case's own. */
  model?: string | undefined;
  /** Goes on with the log of a comparison that was cut. */
  resume?: boolean;
  /** Seconds after which a run counts as failed. */
  limitS?: number;
  /** Path of the log. */
  log: string;
  commit: string;
  cpu: string;
  /** Told a line of text as work goes on. */
  tell: (text: string) => void;
}

/** A case and what its systems took. */
export interface Compared {
  name: string;
  case: Case;
  model: string;
  /** By run: seconds that it takes at least on this machine; empty: that is not known. */
  leastS: number[];
  systems: (Measured & { flags: string; failures: string[]; foreignPercent: number[] })[];
}

export interface Comparison {
  compared: Compared[];
  peak: MachinePeak;
  /** Systems that could not run here, and why. */
  missing: { system: string; why: string }[];
}

/**
 * Runs cases on systems: each run in a fresh process, systems by turns, first to last and then last to first, so that what
 * changes on the machine meanwhile meets all of them alike. A system that fails loses its run, not the comparison.
 */
export async function compare(options: CompareOptions): Promise<Comparison> {
  const { runs, threads, limitS = 900, tell } = options;
  const cases = casesNamed(options.cases);
  const wanted = options.systems ?? DEFAULT_SYSTEMS;
  const missing = wanted.flatMap((system) => {
    const why = kindNamed(system).missing();
    return why === undefined ? [] : [{ system, why }];
  });
  for (const { system, why } of missing) tell(`${system} is left out: ${why}`);
  const systems = wanted.filter((system) => !missing.some((each) => each.system === system));
  const { commit, cpu, model } = options;
  const conditions: Conditions = { commit, cpu, threads, model: model ?? 'of each case' };
  const log = options.resume ? RunLog.resume(options.log, conditions) : RunLog.create(options.log, conditions);
  const turns = Array.from({ length: runs }, (_, run) =>
    (run % 2 === 0 ? systems : [...systems].reverse()).map((system) => ({ system, run })),
  ).flat();
  const orders = [...cases.keys()].flatMap((name) => turns.map((turn) => ({ case: name, ...turn })));
  const open = orders.filter((order) => !log.find(order.case, order.system, order.run));
  for (const name of new Set(open.map((order) => order.case))) modelPath(model ?? (cases.get(name) as Case).model);
  for (const [index, order] of open.entries()) {
    const salt = `run ${order.run}${order.system.includes('=') ? ` ${randomUUID()}` : ''}`;
    const chosen = model ?? (cases.get(order.case) as Case).model;
    const began = performance.now();
    const measurement = await measure(
      { ...order, seed: seedOf(order.run), salt, model: chosen, threads },
      limitS * 1000,
    );
    const line: Line = { ...order, seconds: (performance.now() - began) / 1000, measurement };
    log.add(line);
    const said = 'error' in measurement ? `FAILED: ${measurement.error}` : `${line.seconds.toFixed(1)} s`;
    const left = timeLeft(log.lines, open.slice(index + 1));
    tell(
      `[${index + 1}/${open.length}] ${order.case}, ${shortName(order.system)}, run ${order.run + 1}: ${said}; ${left}`,
    );
  }
  const peak = machinePeak(threads);
  const compared = [...cases].map(([name, each]) => {
    const chosen = model ?? each.model;
    const leastS = Array.from({ length: runs }, (_, run) =>
      leastSeconds(each.build(seedOf(run)).plan, chosen, each.slots, peak),
    ).filter((seconds) => seconds !== undefined);
    const measured = systems.map((system) => collect(log, name, system, runs));
    return { name, case: each, model: describe(chosen), leastS, systems: measured };
  });
  return { compared, missing, peak };
}

/** Equal for all systems: they do the same work. */
const seedOf = (run: number): string => `run ${run}`;

function collect(log: RunLog, name: string, system: string, runs: number): Compared['systems'][number] {
  const lines = Array.from({ length: runs }, (_, run) => log.find(name, system, run));
  const told = lines.flatMap((line) => line?.measurement ?? []);
  const done = told.flatMap((each) => ('error' in each ? [] : [each]));
  return {
    name: shortName(system),
    runs: done.map(({ cost }) => cost),
    flags: done[0]?.flags ?? '',
    failures: told.flatMap((each) => ('error' in each ? [each.error] : [])),
    foreignPercent: done.map(({ foreignPercent }) => foreignPercent),
  };
}
