import type { KEPT, WAITS_FOR } from './vocabulary.js';

/** Rows of numbers, one after the other: `fields` are their names. Booleans are 0 and 1, words their places in the lists of vocabulary.ts. */
export interface NativeTable<Field extends string> {
  readonly fields: readonly Field[];
  readonly rows: Float64Array;
}

/** An edge of the prefix tree. `parent` 0: it has none. `kept`: KEPT, the strongest at it or below. `users`: running requests there. */
export type NodeField =
  | 'id'
  | 'parent'
  | 'tenant'
  | 'begin'
  | 'tokens'
  | 'pages'
  | 'kept'
  | 'users'
  | 'onDisk'
  | 'children'
  | 'lastUse'
  | 'program';

/** What holds or marks the end of a node. */
export type HoldField = 'node' | 'program' | 'kept';

/** A request that runs or waits. `waitsFor`: WAITS_FOR. `class`: CLASSES. Its tokens, those computed (cached ones too), its pages. */
export type RequestField =
  | 'id'
  | 'program'
  | 'tenant'
  | 'class'
  | 'waitsFor'
  | 'producer'
  | 'waitedMs'
  | 'ageMs'
  | 'promptTokens'
  | 'outputTokens'
  | 'cachedTokens'
  | 'computedTokens'
  | 'pages'
  | 'preemptions'
  | 'bypassed';

/** An agent run. `phase`: PHASES. `keepMs`: how long its pages are kept yet before others'; Infinity: no time is set. */
export type ProgramField =
  | 'id'
  | 'class'
  | 'phase'
  | 'active'
  | 'paused'
  | 'calls'
  | 'live'
  | 'promptTokens'
  | 'cachedTokens'
  | 'computedTokens'
  | 'outputTokens'
  | 'lostTokens'
  | 'waitedMs'
  | 'actingMs'
  | 'keepMs'
  | 'contextTokens'
  | 'demandPages';

/** A step of the model; `number` from 1. */
export type StepField = 'number' | 'atMs' | 'tookMs' | 'promptTokens' | 'decodeRows' | 'requests';

/** What an engine holds and what waits, at one moment. No token and no text is in it. */
export interface NativeSnapshot {
  /** Of the prefix tree, level by level. */
  readonly nodes: NativeTable<NodeField>;
  /** Of those nodes. */
  readonly holds: NativeTable<HoldField>;
  readonly requests: NativeTable<RequestField>;
  readonly programs: NativeTable<ProgramField>;
  /** The latest, the oldest first. */
  readonly steps: NativeTable<StepField>;
  /** A page of the pool each: PAGE_STATES. With `pagesPerCell` above 1 each stands for so many, and tells of the first of them. */
  readonly pages: Uint8Array;
  readonly pagesPerCell: number;
  readonly nodesLeftOut: number;
  readonly waitingLeftOut: number;
  readonly programsLeftOut: number;
  /** Pages that are set aside for running requests. */
  readonly promisedPages: number;
  /** That only interactive requests may start with. */
  readonly reservePages: number;
  /** Milliseconds on the engine's clock, that of decisions. */
  readonly atMs: number;
  /** Milliseconds that the engine thread took to make it. */
  readonly tookMs: number;
}

/** A row of a table as an object; a word of `kept` and `waitsFor` is still a number. */
export type Row<Table> = Table extends NativeTable<infer Field> ? Record<Field, number> : never;

/** The rows of a table as objects. */
export function rowsOf<Field extends string>({ fields, rows }: NativeTable<Field>): Record<Field, number>[] {
  const count = fields.length === 0 ? 0 : rows.length / fields.length;
  return Array.from({ length: count }, (_, row) => {
    const out = {} as Record<Field, number>;
    fields.forEach((field, column) => {
      out[field] = rows[row * fields.length + column] as number;
    });
    return out;
  });
}

export type Kept = (typeof KEPT)[number];
export type WaitsFor = (typeof WAITS_FOR)[number];
