import { median, spread } from '../../testing/statistics.js';
import { printed } from '../native-program.js';
import type { Measured, Table } from '../report.js';
import { inDirectory, type PartOptions } from './directory.js';

const TARGET = 1.05;
/** By disk: why its worst prompt takes longer than the median says. */
const WAITS =
  'the first load is waited for 50 ms or four times what reading should take, the next two hardly longer than that';
const CAUSES: Record<string, string> = { hanging: WAITS, '5 MB/s': WAITS };
/** Prompts that were on the disk before it failed, and those that were not. */
const KINDS = ['known', 'new'] as const;
type Kind = (typeof KINDS)[number];

/** A prompt's time to its first token, in milliseconds: with the disk, and right before or after it without. */
interface Pair {
  on: number;
  off: number;
}

/** What one kind of disk did, over all runs. */
interface Kept {
  /** By kind of prompt; of each run its prompts in their order. */
  pairs: Record<Kind, Pair[][]>;
  told: string[];
}

const ratioOf = ({ on, off }: Pair) => on / off;

/** The lines that bench/native/failing-disk-bench printed, by disk. */
function readLines(output: string): Map<string, Kept> {
  const disks = new Map<string, Kept>();
  for (const line of output.split('\n').filter(Boolean)) {
    const [what, disk = '', run, value = '', on, off] = line.split('\t');
    const kept: Kept = disks.get(disk) ?? { pairs: { known: [], new: [] }, told: [] };
    disks.set(disk, kept);
    if (what === 'told') kept.told.push(value);
    else {
      const runs = kept.pairs[value as Kind];
      runs[Number(run)] = [...(runs[Number(run)] ?? []), { on: Number(on), off: Number(off) }];
    }
  }
  return disks;
}

/** Of the prompts of all kinds, the one that the disk costs most: its median over all runs. */
function worstOf({ pairs }: Kept): number {
  const ratios = KINDS.flatMap((kind) =>
    (pairs[kind][0] ?? []).map((_, prompt) => median(pairs[kind].map((run) => ratioOf(run[prompt] as Pair)))),
  );
  return Math.max(...ratios);
}

/** First tokens with a disk cache whose disk fails, beside those without one: each prompt of both, one right after the other. */
export const failingDisk = ({ model, runs, threads }: PartOptions): Promise<Measured> =>
  inDirectory(async (folder) => {
    const output = printed('failing-disk-bench', [model, folder, `${runs}`, `${threads}`]);
    const disks = readLines(output);
    const findings: string[] = [];
    const table: Table = {
      title: 'First tokens, a disk that fails from the first question on; x: median of pairs',
      columns: ['disk', ...KINDS.flatMap((kind) => [`${kind} p50 ms`, 'off p50 ms', 'x', 'spread %']), 'worst x'],
      rows: [],
    };
    for (const [disk, kept] of disks) {
      const pairs = (kind: Kind) => kept.pairs[kind].flat();
      const [known, fresh] = KINDS.map((kind) => median(pairs(kind).map(ratioOf))) as [number, number];
      const worst = worstOf(kept);
      const cells = (kind: Kind, ratio: number) => [
        ...[median(pairs(kind).map(({ on }) => on)), median(pairs(kind).map(({ off }) => off))],
        ...[ratio, spread(pairs(kind).map(ratioOf))],
      ];
      table.rows.push([disk, ...cells('known', known), ...cells('new', fresh), worst]);
      const [most, silent] = [Math.max(known, fresh), kept.told.filter((told) => told === '')];
      const why = kept.told.find(Boolean) ?? 'nothing';
      findings.push(
        `${most <= TARGET ? 'met' : 'MISSED'}: a disk that is ${disk}: the first token at ${most.toFixed(3)}x of the time without a disk ` +
          `(target ${TARGET}x; known prompts ${known.toFixed(3)}x, new ones ${fresh.toFixed(3)}x, the worst prompt ${worst.toFixed(2)}x` +
          `${worst > TARGET && CAUSES[disk] ? `: ${CAUSES[disk]}` : ''}); ` +
          `it says: ${why}${silent.length > 0 ? `; SILENT in ${silent.length} of ${kept.told.length} runs` : ''}`,
      );
    }
    return { findings, tables: [table] };
  });
