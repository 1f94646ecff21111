import { printedTable } from './native-program.js';
import type { BenchOptions, Report } from './report.js';

/** What a core's kernels read of memory in small and in huge pages, beside a read in order: a C++ program. */
export async function benchKernels({ runs }: BenchOptions): Promise<Report> {
  const table = printedTable('GB/s, median', 'kernel-bench', ['--repeats', String(runs)]);
  const [inOrder = [], ...kernels] = table.rows;
  const share = (cell: unknown, of: unknown) => `${((100 * Number(cell)) / Number(of)).toFixed(0)}%`;
  return {
    findings: kernels.map(
      ([kernel, what, rows, small, huge]) =>
        `${kernel}, ${what}, ${rows} ${rows === '1' ? 'row' : 'rows'}: ${share(small, inOrder[3])} of a read in order, with huge pages ${share(huge, inOrder[4])}`,
    ),
    tables: [table],
    setup: {
      memory: '64 MiB of each kind, more than caches hold; 1 thread',
      repetitions: `${runs}, by turns, medians`,
    },
  };
}
