import { randomUUID } from 'node:crypto';
import type { Measured } from '../cost.js';
import { describe, findModel } from '../models.js';
import { type Case, casesNamed } from './cases.js';
import { measure } from './order.js';
import { cutAs, patience } from './patience.js';
import { timeLeft } from './progress.js';
import { leastSeconds, type MachinePeak, machinePeak } from './roofline.js';
import { nextRound, roundOf, type Turn } from './rounds.js';
import { type Conditions, type Line, RunLog } from './run-log.js';
import { DEFAULT_SYSTEMS, kindNamed, shortName } from './systems.js';

export interface CompareOptions {
  /** Names of cases, or words that they begin with. */
  cases: readonly string[];
  /** The first is the one that the others are compared with. Default: those of a case, or all; of them, those that can run here. */
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
  /** Each is measured once; again, short ones first, only as long as that is expected to fit. */
  minutes: number;
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
  systems: ComparedSystem[];
}

export interface ComparedSystem extends Measured {
  /** Of each of `runs`: which one it was. Runs of one number did the same work. */
  numbers: number[];
  flags: string;
  failures: string[];
  /** It was cut, as it took more than so many times what the first system took. */
  slower?: number | undefined;
  foreignPercent: number[];
}

export interface Comparison {
  compared: Compared[];
  peak: MachinePeak;
  /** Systems and cases that could not run here, and why. */
  missing: { name: string; why: string }[];
}

/**
 * Runs cases on systems: each run in a fresh process, systems by turns, first to last and then last to first, so that what
 * changes on the machine meanwhile meets all of them alike. A system that fails loses its run, not the comparison.
 */
export async function compare(options: CompareOptions): Promise<Comparison> {
  const { runs, threads, limitS = 900, minutes, tell, commit, cpu, model } = options;
  const missing: Comparison['missing'] = [];
  const runsHere = (name: string, why: string | undefined) => {
    if (why === undefined) return true;
    missing.push({ name, why });
    tell(`${name} is left out: ${why}`);
    return false;
  };
  const named = casesNamed(options.cases);
  const wanted = (name: string, { systems }: Case) =>
    options.systems ?? systems ?? DEFAULT_SYSTEMS.filter((system) => kindNamed(system).usually?.(name) ?? true);
  const all = new Set([...named].flatMap(([name, each]) => wanted(name, each)));
  const here = new Set([...all].filter((system) => runsHere(system, kindNamed(system).missing())));
  const conditions: Conditions = { commit, cpu, threads, model: model ?? 'of each case' };
  const earlier = RunLog.earlier(options.log);
  const log = options.resume ? RunLog.resume(options.log, conditions) : RunLog.create(options.log, conditions);
  const cases = new Map<string, Case & { path: string; measured: readonly string[] }>();
  for (const [name, each] of named) {
    const path = await findModel(model ?? each.model);
    const measured = wanted(name, each).filter((system) => here.has(system) && asks(system, name));
    if (runsHere(name, path === undefined ? 'its model is not on this machine' : undefined))
      cases.set(name, { ...each, path: path as string, measured });
  }
  const rounds = Array.from({ length: runs }, (_, run) =>
    [...cases].map(([name, { measured }]) => roundOf(name, measured, run).filter((turn) => !log.find(turn))),
  )
    .flat()
    .filter((round) => round.length > 0);
  const until = performance.now() + minutes * 60_000;
  const known = () => [...earlier, ...log.lines];
  const secondsLeft = () => (until - performance.now()) / 1000;
  const left = (open: readonly Turn[]) => {
    const [first, again] = [open.filter(({ run }) => run === 0), open.filter(({ run }) => run > 0)];
    return timeLeft(known(), first, again, secondsLeft());
  };
  tell(
    `${rounds.flat().length} runs, ${left(rounds.flat())}; what would take longer than ${minutes} minutes is measured less often`,
  );
  let done = 0;
  let next = nextRound(rounds, known(), secondsLeft());
  for (; next; next = nextRound(next.rest, known(), secondsLeft())) {
    const { round, rest } = next;
    for (const [turn, order] of round.entries()) {
      const { path, measured } = cases.get(order.case) as { path: string; measured: readonly string[] };
      const [first = ''] = measured;
      const patienceS = order.system === first ? limitS : patience(log.lines, order.case, first, limitS);
      const timed = await ran(order, { path, threads, limitMs: patienceS * 1000 });
      const line = { ...timed, measurement: cutAs(timed.measurement, first, patienceS, limitS) };
      log.add(line);
      const { measurement, seconds } = line;
      const said = 'error' in measurement ? `FAILED: ${measurement.error}` : `${seconds.toFixed(1)} s`;
      const open = [...round.slice(turn + 1), ...rest.flat()];
      tell(`[${++done}] ${order.case}, ${shortName(order.system)}, run ${order.run + 1}: ${said}; ${left(open)}`);
    }
  }
  const peak = machinePeak(threads);
  const compared = [...cases].map(([name, each]) => {
    const chosen = model ?? each.model;
    const leastS = Array.from({ length: runs }, (_, run) =>
      leastSeconds(each.build(seedOf(run)).plan, chosen, each.slots, peak),
    ).filter((seconds) => seconds !== undefined);
    const systems = each.measured.map((system) => collect(log, name, system, runs));
    return { name, case: each, model: describe(chosen), leastS, systems };
  });
  return { compared, missing, peak };
}

const asks = (system: string, name: string): boolean => kindNamed(system).only?.(name) ?? true;

async function ran(
  order: Turn,
  { path, threads, limitMs }: { path: string; threads: number; limitMs: number },
): Promise<Line> {
  const salt = `run ${order.run}${order.system.includes('=') ? ` ${randomUUID()}` : ''}`;
  const began = performance.now();
  const measurement = await measure({ ...order, seed: seedOf(order.run), salt, model: path, threads }, limitMs);
  return { ...order, seconds: (performance.now() - began) / 1000, measurement };
}

/** Equal for all systems: they do the same work. */
const seedOf = (run: number): string => `run ${run}`;

function collect(log: RunLog, name: string, system: string, runs: number): ComparedSystem {
  const lines = Array.from({ length: runs }, (_, run) => log.find({ case: name, system, run }) ?? []).flat();
  const done = lines.flatMap(({ run, measurement }) => ('error' in measurement ? [] : [{ run, ...measurement }]));
  return {
    name: shortName(system),
    runs: done.map(({ cost }) => cost),
    numbers: done.map(({ run }) => run),
    flags: done[0]?.flags ?? '',
    failures: lines.flatMap(({ measurement }) => ('error' in measurement ? [measurement.error] : [])),
    slower: lines.flatMap(({ measurement }) => ('error' in measurement ? (measurement.slower ?? []) : []))[0],
    foreignPercent: done.map(({ foreignPercent }) => foreignPercent),
  };
}
