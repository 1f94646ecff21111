import type { EndedCall, PackedRows, TableName, Told } from '../told-types.js';
import type { KeptCalls } from './kept-calls.js';

/** The calls that this page has, by agent. */
export type Calls = Pick<KeptCalls<EndedCall>, 'of'>;

export type Row = Readonly<Record<string, number>>;

export interface Table {
  readonly fields: readonly string[];
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** The rows of a moment. */
export interface Shown {
  readonly tables: Readonly<Record<TableName, Table>>;
  /** A byte a cell of the page map. */
  readonly pages: Uint8Array<ArrayBuffer>;
}

const NUMBER_BYTES = 8;

/** The rows of an event, which may tell only what differs from those of the event before. */
export function shownAfter(before: Shown | undefined, { tables, pages }: Told): Shown {
  const table = (name: TableName): Table => {
    const { fields, ...rows } = tables[name];
    return { fields, bytes: wholeRows(before?.tables[name].bytes, rows, NUMBER_BYTES * fields.length) };
  };
  return {
    tables: {
      nodes: table('nodes'),
      holds: table('holds'),
      requests: table('requests'),
      programs: table('programs'),
      steps: table('steps'),
    },
    pages: wholeRows(before?.pages, pages, 1),
  };
}

function wholeRows(before: Uint8Array | undefined, { rows, runs }: PackedRows, rowBytes: number) {
  const told = bytesOf(rows);
  if (!runs) return told;
  const counts = runs.filter((_, at) => at % 2 === 1);
  const whole = new Uint8Array(rowBytes * counts.reduce((sum, count) => sum + count, 0));
  let [at, read] = [0, 0];
  for (let run = 0; run < runs.length; run += 2) {
    const from = runs[run] as number;
    const size = rowBytes * (runs[run + 1] as number);
    const piece =
      from < 0 ? told.subarray(read, read + size) : before?.subarray(rowBytes * from, rowBytes * from + size);
    if (from < 0) read += size;
    if (piece) whole.set(piece, at);
    at += size;
  }
  return whole;
}

/** Ten thousand nodes are a million characters, four times a second: a loop takes milliseconds, an iterator over them more than a second. */
function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}

export function rowsOf({ fields, bytes }: Table): Row[] {
  const values = new Float64Array(bytes.buffer);
  const across = fields.length;
  return Array.from({ length: values.length / Math.max(1, across) }, (_, row) => {
    const made: Record<string, number> = {};
    for (let column = 0; column < across; column++) made[fields[column] as string] = values[row * across + column] ?? 0;
    return made;
  });
}
