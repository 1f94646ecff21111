import type { EndedCall, PackedTable } from '../told-types.js';
import type { KeptCalls } from './kept-calls.js';

/** The calls that this page has, by agent. */
export type Calls = Pick<KeptCalls<EndedCall>, 'of'>;

export type Row = Readonly<Record<string, number>>;

/** Ten thousand nodes are a million characters, four times a second: a loop takes milliseconds, an iterator over them more than a second. */
export function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}

export function rowsOf({ fields, rows }: PackedTable): Row[] {
  const values = new Float64Array(bytesOf(rows).buffer);
  const across = fields.length;
  return Array.from({ length: values.length / Math.max(1, across) }, (_, row) => {
    const made: Record<string, number> = {};
    for (let column = 0; column < across; column++) made[fields[column] as string] = values[row * across + column] ?? 0;
    return made;
  });
}
