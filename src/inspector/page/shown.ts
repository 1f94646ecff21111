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

export function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

export function rowsOf({ fields, rows }: PackedTable): Row[] {
  const values = new Float64Array(bytesOf(rows).buffer);
  return Array.from({ length: values.length / Math.max(1, fields.length) }, (_, row) =>
    Object.fromEntries(fields.map((field, column) => [field, values[row * fields.length + column] ?? 0])),
  );
}
