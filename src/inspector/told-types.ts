/*
 * What an event of the inspector tells, as types alone: the page, which a tsconfig of its own compiles, reads them here too.
 */

/** A call that has ended. No text of it. Milliseconds and tokens; null: not known. */
export interface EndedCall {
  /** Its place among all calls that were heard of, from 1. */
  readonly order: number;
  /** Its place among those of its agent run, from 1. */
  readonly number: number;
  /** When it ended, milliseconds: of an engine since 1970, of a recording since its beginning. */
  readonly atMs: number;
  /** Of its agent run; 0: of none. */
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
  /** How much of the prompt was cached, and why not all. */
  readonly miss: string;
}

/** A table as it goes to a page: names of columns, and the rows as base64 of float64 numbers. */
export interface PackedTable {
  readonly fields: readonly string[];
  readonly rows: string;
}

/** What one event tells: a moment of an engine, and the calls that ended since the one before. */
export interface Told {
  readonly model: string;
  /** Of a recording: what it is; else it is a live engine. */
  readonly recorded?: string;
  readonly words: Readonly<Record<'kept' | 'waitsFor' | 'classes' | 'phases', readonly string[]>>;
  readonly tables: Readonly<Record<'nodes' | 'holds' | 'requests' | 'programs' | 'steps', PackedTable>>;
  /** A byte a cell of the page map, base64. */
  readonly pages: string;
  readonly pagesPerCell: number;
  readonly nodesLeftOut: number;
  readonly waitingLeftOut: number;
  readonly programsLeftOut: number;
  readonly pagesTotal: number;
  readonly pagesFree: number;
  /** Tokens of a page. */
  readonly pageTokens: number;
  /** Since the engine was loaded; of a recording, all of it. */
  readonly sums: { readonly promptTokens: number; readonly cachedTokens: number; readonly pagesEvicted: number };
  /** When, milliseconds on the clock of `atMs` of calls. */
  readonly nowMs: number;
  /** At first those that are kept. */
  readonly calls: readonly EndedCall[];
}

/** A moment that could not be told, and why. */
export interface NotTold {
  readonly error: string;
}
