/** A table as it comes: names of columns, and the rows as base64 of float64 numbers. */
export interface PackedTable {
  readonly fields: readonly string[];
  readonly rows: string;
}

/** A call that has ended, as InspectorFeed tells it. */
export interface EndedCall {
  readonly program: number;
  readonly label: string;
  readonly tenant: string;
  readonly reason: string;
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly computedTokens: number;
  readonly outputTokens: number;
  readonly queueMs: number | null;
  readonly ttftMs: number | null;
  readonly totalMs: number;
  readonly tools: readonly string[];
  readonly miss: string;
}

/** What one event brings: a moment of the engine, and the calls that ended since the one before. */
export interface Shown {
  readonly model: string;
  /** Of a recording: what it is. */
  readonly recorded?: string;
  readonly words: {
    readonly kept: readonly string[];
    readonly waitsFor: readonly string[];
    readonly classes: readonly string[];
    readonly phases: readonly string[];
  };
  readonly tables: Readonly<Record<'nodes' | 'holds' | 'requests' | 'programs' | 'steps', PackedTable>>;
  readonly pages: string;
  readonly pagesPerCell: number;
  readonly nodesLeftOut: number;
  readonly waitingLeftOut: number;
  readonly programsLeftOut: number;
  readonly pagesTotal: number;
  readonly pagesFree: number;
  readonly calls: readonly EndedCall[];
}

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
