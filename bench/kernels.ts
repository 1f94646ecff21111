import { printedTable } from './native-program.js';
import type { BenchOptions, Report, Table } from './report.js';

/** What a core's kernels read of memory beside a read in order, and how fast they multiply beside ggml's: C++ programs. */
export async function benchKernels({ runs }: BenchOptions): Promise<Report> {
  const repeats = ['--repeats', String(runs)];
  const memory = printedTable('GB/s, median', 'kernel-bench', repeats);
  const products = printedTable('products a ns (10^9 a second), one thread, medians', 'product-bench', repeats);
  return {
    findings: [...readings(memory), ...ratios(products)],
    tables: [memory, products],
    setup: {
      memory: '64 MiB of each kind, more than caches hold; 1 thread',
      products: 'matrices of 1,024 x 3,072; against the better of the file order and what ggml packs itself',
      repetitions: `${runs}, by turns, medians`,
    },
  };
}

function readings({ rows: [inOrder = [], ...kernels] }: Table): string[] {
  const share = (cell: unknown, of: unknown) => `${((100 * Number(cell)) / Number(of)).toFixed(0)}%`;
  return kernels.map(
    ([kernel, what, rows, small, huge]) =>
      `${kernel}, ${what}, ${rows} ${rows === '1' ? 'row' : 'rows'}: ${share(small, inOrder[3])} of a read in order, with huge pages ${share(huge, inOrder[4])}`,
  );
}

/** A line a type: how much faster ours is, by rows. */
function ratios({ rows }: Table): string[] {
  const types = [...new Set(rows.map(([type]) => type))];
  return types.map((type) => {
    const own = rows.filter((row) => row[0] === type);
    return `${type}: ${own.map((row) => row[5]).join(' / ')} of ggml's best for ${own.map((row) => row[1]).join(' / ')} rows`;
  });
}
