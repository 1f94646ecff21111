import { median } from '../../testing/statistics.js';
import type { BenchOptions, Report } from '../report.js';
import { peerRates } from './peer.js';
import { COLUMNS, compareModes, type Mode, rate, type Work } from './work.js';

/** Works by modes, at several at once, each against the first mode; llama-server's settings beside the last. */
export async function reportModes(
  works: readonly Work[],
  modes: readonly Mode[],
  batches: readonly number[],
  { runs, threads }: BenchOptions,
): Promise<Report> {
  const peer = process.env.LLAMA_SERVER;
  const findings: string[] = [];
  const rows: (string | number)[][] = [];
  const peers: (string | number)[][] = [];
  const found = (text: string) => {
    findings.push(text);
    console.error(text);
  };
  const [first, ...others] = modes as [Mode, ...Mode[]];
  for (const work of works)
    for (const batch of batches) {
      const compared = await compareModes(work, modes, batch, { runs, threads });
      rows.push(...compared.rows(work, batch));
      const where = `${work.name}, ${batch} at once`;
      const told = others.map((mode) => `${compared.told(mode)}${compared.loses(mode) ? ' LOSS' : ''}`);
      found(`${where}: ${told.join(', ')} of the rate of ${first.name}`);
      if (peer === undefined || !work.body || !work.model.model) continue;
      const rates = await peerRates(peer, work, batch, threads);
      const [best, most] = [...rates].reduce((a, b) => (b[1] > a[1] ? b : a));
      for (const [name, value] of rates) peers.push([work.name, batch, name, Number(value.toPrecision(3))]);
      const ours = modes.map((mode) => ({ mode, value: median(compared.of(mode).map(rate)) }));
      const parts = ours.map(({ mode, value }) => `${mode.name} ${(value / most).toFixed(2)}x`);
      found(`${where}: ${parts.join(', ')} of llama-server's best (${best})`);
    }
  const peerTable = {
    title: 'llama-server, one run of each setting',
    columns: ['work', 'at once', 'setting', 'tokens/s'],
    rows: peers,
  };
  return {
    findings,
    tables: [
      {
        title: 'Output tokens a second, by turns; x: median of the ratios of runs side by side',
        columns: COLUMNS,
        rows,
      },
      ...(peers.length > 0 ? [peerTable] : []),
    ],
    setup: {
      threads: threads || 'default of each model',
      calls: '8, or twice as many as at once',
      repetitions: `${runs}, by turns, an engine each`,
    },
  };
}
