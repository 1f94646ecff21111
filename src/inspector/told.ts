import type { EndedCall } from './ended-call.js';

/** A table as it goes to a page: names of columns, and the rows as base64 of float64 numbers. */
export interface PackedTable {
  readonly fields: readonly string[];
  readonly rows: string;
}

export const TABLES = ['nodes', 'holds', 'requests', 'programs', 'steps'] as const;

/** What one event of the inspector tells: a moment of an engine, and the calls that ended since the one before. */
export interface Told {
  readonly model: string;
  /** Of a recording: what it is; else it is a live engine. */
  readonly recorded?: string;
  readonly words: Readonly<Record<'kept' | 'waitsFor' | 'classes' | 'phases', readonly string[]>>;
  readonly tables: Readonly<Record<(typeof TABLES)[number], PackedTable>>;
  /** A byte a cell of the page map, base64. */
  readonly pages: string;
  readonly pagesPerCell: number;
  readonly nodesLeftOut: number;
  readonly waitingLeftOut: number;
  readonly programsLeftOut: number;
  readonly pagesTotal: number;
  readonly pagesFree: number;
  readonly calls: readonly EndedCall[];
}

/** A moment that could not be told, and why. */
export interface NotTold {
  readonly error: string;
}

/** Who gets the text of each event; false: it has not read the one before. */
export type Watcher = (event: string) => boolean;

/** What can be watched. `tree` false: without nodes and page map, which are most of it. Returns what ends it. */
export interface Watchable {
  watch(watcher: Watcher, look?: { readonly tree: boolean }): () => void;
}

export const packed = ({ fields, rows }: { fields: readonly string[]; rows: Float64Array }): PackedTable => {
  return { fields, rows: Buffer.from(rows.buffer, rows.byteOffset, rows.byteLength).toString('base64') };
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
