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

/** Rows as they go to a page: bytes as base64. */
export interface PackedRows {
  readonly rows: string;
  /**
   * Pairs: a place among the rows of the event before, and how many from there on have stayed the same; -1: that many of `rows` come next.
   * Without it `rows` are all.
   */
  readonly runs?: readonly number[];
}

/** A table as it goes to a page: names of columns, and the rows as float64 numbers. */
export interface PackedTable extends PackedRows {
  readonly fields: readonly string[];
}

/** A part of a call's text: what of its prompt the cache had, what was computed, its answer. Tokens are counted from 0. */
export interface TextPart {
  readonly of: 'cached' | 'computed' | 'answer';
  readonly from: number;
  readonly tokens: number;
  readonly text: string;
}

/** The text of a call, which an administrator asked for. */
export interface CallText {
  readonly tenant: string;
  readonly label: string;
  readonly program: number;
  readonly parts: readonly TextPart[];
}

/** Whether the text of a call may be asked for; `unaudited`: not before that is recorded. */
export type Texts = 'shown' | 'off' | 'unaudited';

/** A moment of an engine, without its tables. */
export interface Moment {
  readonly model: string;
  /** Of a recording: what it is; else it is a live engine. */
  readonly recorded?: string;
  /** A recording has none. */
  readonly texts?: Texts;
  /** Whose calls `order` counts; a recording has none. */
  readonly feed?: string;
  readonly words: Readonly<Record<'kept' | 'waitsFor' | 'classes' | 'phases', readonly string[]>>;
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
  /** What is kept where: pages on disk, and saved states of recurrent layers. A recording does not tell. */
  readonly tiers?: Readonly<Record<'pagesDisk' | 'statesTotal' | 'statesUsed' | 'statesDisk', number>>;
  /** When, milliseconds on the clock of `atMs` of calls. */
  readonly nowMs: number;
}

export type TableName = 'nodes' | 'holds' | 'requests' | 'programs' | 'steps';

/** What one event tells: a moment, and the calls that ended since the event before. */
export interface Told extends Moment {
  readonly tables: Readonly<Record<TableName, PackedTable>>;
  /** A byte a cell of the page map. */
  readonly pages: PackedRows;
  /** At first those that are kept. */
  readonly calls: readonly EndedCall[];
}

/** A moment that could not be told, and why. */
export interface NotTold {
  readonly error: string;
}
