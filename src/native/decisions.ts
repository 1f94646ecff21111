import type { ByteReader } from './packed/byte-reader.js';
import { type RecordLayouts, readRecord } from './packed/records.js';
import type { KvTier, NativeClass, PageKind, RetainReason, StoreReason } from './vocabulary.js';

/** What every decision of the scheduler has. */
export interface DecisionAbout {
  /** Milliseconds on the engine's clock. */
  readonly at: number;
  /** The program (agent run) it is about; 0: none. */
  readonly program: number;
  /** The request it is about; 0: none. */
  readonly request: number;
  /** The `label` of that request, where it has one. */
  readonly label?: string;
  /** The decision as a sentence, with its reason. */
  readonly text: string;
}

/** The kinds of decisions and what each was made of. Tokens, pages, milliseconds. */
export interface DecisionFields {
  /** A request was accepted. */
  arrive: { promptTokens: number; class: NativeClass };
  /** A request was refused with BACKPRESSURE: its first token was predicted after `predictedMs`. */
  refuse: { predictedMs: number; retryAfterMs: number };
  /** A request starts. */
  admit: { cachedTokens: number; prefillTokens: number };
  /** `waiting` requests wait up to `untilMs` of the engine's clock for another to share the step with. */
  coalesce: { untilMs: number; waiting: number };
  /** A request waits for request `producer`, which is about to compute the same tokens. */
  dedupe: { producer: number; sharedTokens: number };
  /** A smaller request starts before request `passed`, which finds no room. */
  bypass: { passed: number; timesPassed: number };
  /** A running request stops, to be computed again; `inFavourOf` 0: it found no page for itself. */
  preempt: { inFavourOf: number; computedTokens: number };
  /** A long wait let a request start above its class. */
  lift: { class: NativeClass; effectiveClass: NativeClass };
  /** The number of workflow and background programs that may be active changed. */
  window: { from: number; to: number };
  /** An idle program gives up its place, so that the pages suffice for the others. */
  pause: { demandPages: number; programPages: number };
  /** A paused program is active again. */
  resume: { demandPages: number };
  /** How long the pages of a program that waits for a tool or a person are kept, and why; `tool` '': it has no name. */
  retain: {
    keepMs: number;
    reason: RetainReason;
    /** Durations of the tool that are known, and those within `keepMs`. */
    samples: number;
    backByThen: number;
    /** Time to compute the pages again. */
    restoreMs: number;
    tool: string;
  };
  /** That time is over: the pages of the program may go. */
  expire: { keptMs: number };
  /** Cached pages went to make room; `pageKind`: what they were kept for. */
  evict: { pages: number; pageKind: PageKind };
  /** A pin was ended before its time, because a request could run only on its pages. */
  break_pin: object;
  /** A step was planned. */
  plan: { prefillTokens: number; decodeRows: number };
  /** While no request is live: part of a prompt that a program said it will send is computed. */
  ahead: { tokens: number; tokensLeft: number };
  /** Prompts got fewer tokens of the step than they asked for, so that decoding requests keep their pace. */
  budget: { allowedTokens: number; stepMs: number };
  /** The costs of a step and of a prompt token were fitted to measured steps. */
  refit: { stepMs: number; prefillNs: number };
  /** A request ended by itself. */
  finish: { outputTokens: number; waitedMs: number };
  /** A request was cancelled. */
  cancel: { outputTokens: number; waitedMs: number };
  /** A program ended or was forgotten. */
  program_end: { serviceTokens: number; calls: number };
  /** The state of recurrent layers after so many tokens is saved with the step; `stateKind`: what it is kept for. */
  save_state: { tokens: number; stateKind: PageKind };
  /** Saved states went to make room for others. */
  evict_state: { states: number; stateKind: PageKind };
  /**
   * A request, or a program that is about to call, waits for pages that a tier keeps, and for a state of recurrent layers: as
   * predicted, and computing them.
   */
  load: { pages: number; states: number; tier: KvTier; takesMs: number; computingMs: number };
  /** Pages came from a tier. */
  loaded: { pages: number; states: number; tier: KvTier; tookMs: number };
  /** Pages did not come in time, or not as they were written: they are computed. */
  load_late: { pages: number; states: number; tier: KvTier; waitedMs: number };
  /** A load was given up for a better request, which needs the room: what had not come is computed. */
  load_gave_way: { pages: number; states: number; tier: KvTier; waitedMs: number; inFavourOf: number };
  /** Pages that a tier keeps are computed, as loading them would take longer. */
  recompute: { pages: number; states: number; tier: KvTier; loadingMs: number; computingMs: number };
  /** Pages are to be written to disk before they are evicted. */
  store: { pages: number; states: number; reason: StoreReason };
  /** The disk did not take pages; told once until it takes some again. */
  store_failed: { pages: number; states: number };
  /** Pages are not read from host or disk for a while: `lateLoads` in a row came late. */
  tier_rest: { lateLoads: number; restMs: number };
  /** The disk cache cannot be used, was switched off for a while, or on again: why, in its own words. Told unasked, too. */
  disk: { what: string };
  /**
   * A step checks `drafts` tokens that its requests may say next: `expectedTokens` of it in `withMs`, without drafts
   * `decodeRows` in `withoutMs`. All three 0: `draftTokens` is `always`. `ofModel` of them are the draft model's, which took
   * `draftingMs` before.
   */
  draft: {
    drafts: number;
    ofModel: number;
    decodeRows: number;
    expectedTokens: number;
    withMs: number;
    withoutMs: number;
    draftingMs: number;
  };
  /**
   * No drafts from texts, or none of the draft model (`model`), for so many steps: the last cost more than they saved. `savedMs`: by
   * all so far; negative: lost.
   */
  draft_rest: { steps: number; savedMs: number; model: boolean };
  /** A request goes on with so many tokens that its grammar leaves no choice about: none of them is sampled. */
  jump: { tokens: number };
}

export type DecisionKind = keyof DecisionFields;

/** One decision of the scheduler: what was decided, about what, and the numbers it was made of. */
export type NativeDecision = {
  [Kind in DecisionKind]: DecisionAbout & { readonly kind: Kind } & Readonly<DecisionFields[Kind]>;
}[DecisionKind];

/** A decision's record after its header (format: native/addon/README.md). */
export function readDecision(reader: ByteReader, { decisions }: RecordLayouts): NativeDecision {
  const { kind, fields } = decisions[reader.int()] as RecordLayouts['decisions'][number];
  const about = { at: reader.double(), program: reader.id(), request: reader.id(), text: reader.string() };
  return { ...readRecord<object>(reader, fields), ...about, kind } as NativeDecision;
}
