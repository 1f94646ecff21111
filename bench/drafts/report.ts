import { median } from '../../testing/statistics.js';
import type { BenchOptions, Report } from '../report.js';
import { measurePasses, nameOf, type Place, placesOf } from './passes.js';
import { COLUMNS, Compared, type Mode, rate, type Work } from './work.js';

/** Nowhere slower than llama-server's best setting, unless a work wants more. */
const PEER_TARGET = 1;

const met = (is: boolean) => (is ? 'met' : 'MISSED');
const times = (value: number) => `${value.toFixed(2)}x`;

/** Works by modes, at several at once, each against the first mode; llama-server's settings beside. */
export async function reportModes(
  works: readonly Work[],
  modes: readonly Mode[],
  batches: readonly number[],
  options: BenchOptions,
): Promise<Report> {
  const places = placesOf(works, modes, batches, options.only);
  const passes = await measurePasses(places, modes, options);
  const peers = places.flatMap(({ work, batch, peers }) =>
    [...peers].map(([name, value]) => [work.name, batch, name, Number(value.toPrecision(3))]),
  );
  const peerTable = {
    title: 'llama-server, one run of each setting',
    columns: ['work', 'at once', 'setting', 'tokens/s'],
    rows: peers,
  };
  return {
    findings: places.flatMap((place) => findingsOf(place, modes)),
    tables: [
      {
        title: 'Output tokens a second, by turns; x: median of the ratios of runs side by side',
        columns: COLUMNS,
        rows: places.flatMap((place) => new Compared(modes, place.costs).rows(place.work, place.batch)),
      },
      ...(peers.length > 0 ? [peerTable] : []),
    ],
    setup: {
      threads: options.threads || 'default of each model',
      calls: '8, or twice as many as at once; of a small model some times as many',
      repetitions: `${passes}${passes < options.runs ? ` of ${options.runs}, as time allowed` : ''}, by turns, an engine each`,
    },
  };
}

function findingsOf(place: Place, modes: readonly Mode[]): string[] {
  const { work, batch, costs, peers, failures } = place;
  const compared = new Compared(modes, costs);
  const [first, ...others] = modes as [Mode, ...Mode[]];
  const where = nameOf(place);
  const found = [`${where}: ${others.map((mode) => compared.told(mode)).join(', ')} of the rate of ${first.name}`];
  const held = others.filter(({ least }) => least !== undefined).sort((a, b) => compared.times(a) - compared.times(b));
  const slowest = held[0];
  if (slowest) {
    const { name, least = 0 } = slowest;
    const value = compared.times(slowest);
    found.push(
      `${met(value >= least)}: ${where}: never a loss: ${name} ${times(value)} of ${first.name} (target ${least}x)`,
    );
  }
  const best = held.at(-1) ?? first;
  if (work.target !== undefined && batch === 1) {
    const value = compared.times(best);
    found.push(
      `${met(value >= work.target)}: ${where}: ${best.name} ${times(value)} of ${first.name} (target ${work.target}x)`,
    );
  }
  if (peers.size > 0) {
    const [name, most] = [...peers].reduce((a, b) => (b[1] > a[1] ? b : a));
    const value = median(compared.of(best).map(rate)) / most;
    const { peerTarget = PEER_TARGET } = work;
    const told = modes.map((mode) => `${mode.name} ${times(median(compared.of(mode).map(rate)) / most)}`);
    found.push(
      `${met(value >= peerTarget)}: ${where}: ${told.join(', ')} of llama-server's best, ${name} (target ${peerTarget}x for the best)`,
    );
  }
  return [...found, ...failures.map((failure) => `${where}: no number of ${failure}`)];
}
