import type { KEPT, WAITS_FOR } from './vocabulary.js';

/** Rows of numbers, one after the other: `fields` are their names. Booleans are 0 and 1, words their places in the lists of vocabulary.ts. */
export interface NativeTable<Row> {
  readonly fields: readonly (keyof Row & string)[];
  readonly rows: Float64Array;
}

/**
 * An edge of the prefix tree. `parent` 0: it has none. `kept`: KEPT, the strongest at it or below. `users`: running requests there.
 * `onDisk`: of its tokens, those that are on disk too. `state`, `stateOnDisk`: 1 where a state of recurrent layers was saved after its last
 * token, in memory and on disk.
 */
export interface NodeRow {
  id: number;
  parent: number;
  tenant: number;
  begin: number;
  tokens: number;
  pages: number;
  kept: number;
  users: number;
  onDisk: number;
  state: number;
  stateOnDisk: number;
  children: number;
  lastUse: number;
  program: number;
}

/** What holds or marks the end of a node. */
export interface HoldRow {
  node: number;
  program: number;
  kept: number;
}

/** A request that runs or waits. `waitsFor`: WAITS_FOR. `class`: CLASSES. Its tokens, those computed (cached ones too), its pages. */
export interface RequestRow {
  id: number;
  program: number;
  tenant: number;
  class: number;
  waitsFor: number;
  producer: number;
  waitedMs: number;
  ageMs: number;
  promptTokens: number;
  outputTokens: number;
  cachedTokens: number;
  computedTokens: number;
  pages: number;
  preemptions: number;
  bypassed: number;
}

/** An agent run. `phase`: PHASES. `keepMs`: how long its pages are kept yet before others'; Infinity: no time is set. */
export interface ProgramRow {
  id: number;
  class: number;
  phase: number;
  active: number;
  paused: number;
  calls: number;
  live: number;
  promptTokens: number;
  cachedTokens: number;
  computedTokens: number;
  outputTokens: number;
  lostTokens: number;
  waitedMs: number;
  actingMs: number;
  keepMs: number;
  contextTokens: number;
  demandPages: number;
}

/** A step of the model; `number` from 1. */
export interface StepRow {
  number: number;
  atMs: number;
  tookMs: number;
  promptTokens: number;
  decodeRows: number;
  requests: number;
}

/** What an engine holds and what waits, at one moment. No token and no text is in it. */
export interface NativeSnapshot {
  /** Of the prefix tree, level by level. */
  readonly nodes: NativeTable<NodeRow>;
  /** Of those nodes. */
  readonly holds: NativeTable<HoldRow>;
  readonly requests: NativeTable<RequestRow>;
  readonly programs: NativeTable<ProgramRow>;
  /** The latest, the oldest first. */
  readonly steps: NativeTable<StepRow>;
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

/** The rows of a table as objects. */
export function rowsOf<Row extends object>({ fields, rows }: NativeTable<Row>): Row[] {
  const count = fields.length === 0 ? 0 : rows.length / fields.length;
  return Array.from({ length: count }, (_, row) => {
    const cells = fields.map((field, column) => [field, rows[row * fields.length + column]]);
    return Object.fromEntries(cells) as Row;
  });
}

export type Kept = (typeof KEPT)[number];
export type WaitsFor = (typeof WAITS_FOR)[number];
