import { allRows } from './changed-rows.js';
import type { PackedTable } from './told-types.js';

/** Who gets the text of each event; false: it has not read the one before. */
export type Watcher = (event: string) => boolean;

/** What can be watched. `tree` false: without nodes and page map, which are most of it. Returns what ends it. */
export interface Watchable {
  watch(watcher: Watcher, look?: { readonly tree: boolean }): () => void;
}

export const packed = ({ fields, rows }: { fields: readonly string[]; rows: Float64Array }): PackedTable => {
  return { fields, ...allRows(rows) };
};

/** Rows that are there as objects, in the columns of `fields`. */
export function packedRows<Name extends string>(
  fields: readonly Name[],
  rows: readonly Readonly<Record<Name, number>>[],
): PackedTable {
  return packed({ fields, rows: Float64Array.from(rows.flatMap((row) => fields.map((field) => row[field]))) });
}

/** The rows of a table as objects. A missing number is 0. */
export function unpacked<Row extends object>({ fields, rows }: PackedTable): Row[] {
  const bytes = Uint8Array.from(Buffer.from(rows, 'base64'));
  const numbers = new Float64Array(bytes.buffer, 0, Math.floor(bytes.length / 8));
  const count = fields.length === 0 ? 0 : Math.floor(numbers.length / fields.length);
  return Array.from({ length: count }, (_, row) => {
    const cells = fields.map((field, column) => [field, numbers[row * fields.length + column] ?? 0]);
    return Object.fromEntries(cells) as Row;
  });
}
