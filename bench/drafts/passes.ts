import { expectedSeconds, type Timed, timeLeft } from '../compare/progress.js';
import type { BenchOptions } from '../report.js';
import { PEER_SETTINGS, peerRate } from './peer.js';
import { type Cost, costOf, type Mode, type Work } from './work.js';

/** No further pass begins that would end later, the time of llama-server's settings left out. */
const MINUTES = 27;

/** A work, so many at once, and what is measured of it: by mode, and tokens a second by setting of llama-server. */
export interface Place {
  readonly work: Work;
  readonly batch: number;
  readonly costs: Map<Mode, Cost[]>;
  readonly peers: Map<string, number>;
  /** Why a setting has no number. */
  readonly failures: string[];
}

/** All works at all batches; `only`: those whose names hold it. Throws RangeError where there is none. */
export function placesOf(
  works: readonly Work[],
  modes: readonly Mode[],
  batches: readonly number[],
  only = '',
): Place[] {
  const all = works.flatMap((work) =>
    batches.map((batch): Place => {
      const costs = new Map(modes.map((mode) => [mode, [] as Cost[]]));
      return { work, batch, costs, peers: new Map(), failures: [] };
    }),
  );
  const some = all.filter((place) => nameOf(place).includes(only));
  if (some.length === 0) throw new RangeError(`no work holds "${only}": ${all.map(nameOf).join('; ')}`);
  return some;
}

export const nameOf = ({ work, batch }: Place): string => `${work.name}, ${batch} at once`;

interface Unit {
  case: string;
  system: string;
  ours: boolean;
  measure: () => Promise<void>;
}

/**
 * All places by all modes, pass by pass: first to last and then last to first, so that what changes on the machine meanwhile
 * meets all of them alike; llama-server's settings once, with the first. Tells what each took and what is left; returns how many
 * passes there was time for.
 */
export async function measurePasses(
  places: readonly Place[],
  modes: readonly Mode[],
  { runs, threads }: Pick<BenchOptions, 'runs' | 'threads'>,
): Promise<number> {
  const unitsOf = (run: number) =>
    places.flatMap((place): Unit[] => {
      const order = run % 2 === 0 ? modes : [...modes].reverse();
      const name = nameOf(place);
      return [
        ...order.map((mode) => ({
          case: name,
          system: mode.name,
          ours: true,
          measure: () => ours(place, mode, threads),
        })),
        ...(run === 0 ? peersOf(place, name, threads) : []),
      ];
    });
  const lines: Timed[] = [];
  let oursS = 0;
  let passes = 0;
  for (; passes < runs; passes++) {
    const units = unitsOf(passes);
    const later = Array.from({ length: runs - passes - 1 }, (_, at) => unitsOf(passes + at + 1)).flat();
    for (const [at, unit] of units.entries()) {
      const before = performance.now();
      await unit.measure();
      const seconds = (performance.now() - before) / 1000;
      lines.push({ case: unit.case, system: unit.system, seconds });
      if (unit.ours) oursS += seconds;
      const open = units.slice(at + 1);
      const peersS = expectedSeconds(
        lines,
        open.filter((each) => !each.ours),
      );
      const left = timeLeft(lines, open, later, MINUTES * 60 - oursS + peersS);
      console.error(`${unit.case}, ${unit.system}, run ${passes + 1} of ${runs}: ${seconds.toFixed(1)} s; ${left}`);
    }
    if (oursS + expectedSeconds(lines, unitsOf(passes + 1)) > MINUTES * 60) return passes + 1;
  }
  return passes;
}

async function ours({ work, batch, costs }: Place, mode: Mode, threads: number): Promise<void> {
  costs.get(mode)?.push(await costOf(work, mode, batch, threads));
}

/** Of a work that llama-server can be asked, where LLAMA_SERVER names it. */
function peersOf(place: Place, name: string, threads: number): Unit[] {
  const binary = process.env.LLAMA_SERVER;
  const { work, batch, peers, failures } = place;
  if (binary === undefined || !work.peer || !work.model.model) return [];
  return Object.keys(PEER_SETTINGS).map((setting) => ({
    case: name,
    system: `llama-server, ${setting}`,
    ours: false,
    async measure() {
      try {
        peers.set(setting, await peerRate(binary, work, batch, threads, setting));
      } catch (error) {
        failures.push(`llama-server, ${setting}: ${error instanceof Error ? error.message.slice(0, 200) : error}`);
      }
    },
  }));
}
