import { execFileSync } from 'node:child_process';
import { median, spread } from '../../testing/statistics.js';
import { nativeProgram } from '../native-program.js';
import type { Measured, Table } from '../report.js';
import { inDirectory, type PartOptions } from './directory.js';

const TARGET = 1.05;
/** By disk: why its worst prompt takes longer than the median says. */
const WAITS =
  'the first load is waited for 50 ms or four times what reading should take, the next two hardly longer than that';
const CAUSES: Record<string, string> = { hanging: WAITS, '5 MB/s': WAITS };
const OFF = 'off';
/** Prompts that were on the disk before it failed, and those that were not. */
const KINDS = ['known', 'new'] as const;

/** What one kind of disk did, over all runs. */
interface Kept {
  /** By kind of prompt; of each run its prompts in their order. */
  ttft: Record<(typeof KINDS)[number], number[][]>;
  told: string[];
}

/** The lines that bench/native/failing-disk-bench printed, by disk. */
function readLines(output: string): Map<string, Kept> {
  const disks = new Map<string, Kept>();
  for (const line of output.split('\n').filter(Boolean)) {
    const [what, disk = '', run, value = '', ms] = line.split('\t');
    const kept: Kept = disks.get(disk) ?? { ttft: { known: [], new: [] }, told: [] };
    disks.set(disk, kept);
    if (what === 'told') kept.told.push(value);
    else {
      const runs = kept.ttft[value as keyof Kept['ttft']];
      runs[Number(run)] = [...(runs[Number(run)] ?? []), Number(ms)];
    }
  }
  return disks;
}

/** First tokens with a disk cache whose disk fails, beside those without one: of the same prompts, by turns, each turn a fresh engine. */
export const failingDisk = ({ model, runs, threads }: PartOptions): Promise<Measured> =>
  inDirectory(async (folder) => {
    const program = nativeProgram('failing-disk-bench');
    const output = execFileSync(program, [model, folder, `${runs}`, `${threads}`], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const disks = readLines(output);
    const off = disks.get(OFF);
    if (!off) throw new Error(`failing-disk-bench printed no turn without a disk:\n${output}`);
    const all = (kept: Kept, kind: (typeof KINDS)[number]) => kept.ttft[kind].flat();
    const findings: string[] = [];
    const table: Table = {
      title: 'First tokens, a disk that fails from the first question on',
      columns: ['disk', 'known p50 ms', 'spread %', 'of off', 'new p50 ms', 'spread %', 'of off', 'worst of off'],
      rows: [],
    };
    for (const [disk, kept] of disks) {
      const [known, fresh] = KINDS.map((kind) => median(all(kept, kind)) / median(all(off, kind)));
      // A prompt's worst run over what the same prompt takes without a disk.
      const worst = Math.max(
        ...KINDS.flatMap((kind) =>
          (kept.ttft[kind][0] ?? []).map((_, prompt) => {
            const of = (runs: number[][]) => runs.map((times) => times[prompt] as number);
            return Math.max(...of(kept.ttft[kind])) / median(of(off.ttft[kind]));
          }),
        ),
      );
      const cells = (kind: (typeof KINDS)[number], ratio: number | undefined) => [
        ...[median(all(kept, kind)), spread(all(kept, kind))],
        disk === OFF ? '-' : (ratio as number),
      ];
      table.rows.push([disk, ...cells('known', known), ...cells('new', fresh), worst]);
      if (disk === OFF) continue;
      const [most, silent] = [Math.max(known as number, fresh as number), kept.told.filter((told) => told === '')];
      const why = kept.told.find(Boolean) ?? 'nothing';
      findings.push(
        `${most <= TARGET ? 'met' : 'MISSED'}: a disk that is ${disk}: the first token at ${most.toFixed(3)}x of the time without a disk ` +
          `(target ${TARGET}x; known prompts ${known?.toFixed(3)}x, new ones ${fresh?.toFixed(3)}x, the worst of all ${worst.toFixed(2)}x` +
          `${worst > TARGET && CAUSES[disk] ? `: ${CAUSES[disk]}` : ''}); ` +
          `it says: ${why}${silent.length > 0 ? `; SILENT in ${silent.length} of ${kept.told.length} runs` : ''}`,
      );
    }
    return { findings, tables: [table] };
  });
