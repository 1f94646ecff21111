import type { ByteReader } from './byte-reader.js';
import { CLASSES, type NativeClass } from './vocabulary.js';

/** What every decision of the scheduler has. */
export interface DecisionAbout {
  /** Milliseconds on the engine's clock. */
  readonly at: number;
  /** The program (agent run) it is about; 0: none. */
  readonly program: number;
  /** The request it is about; 0: none. */
  readonly request: number;
  /** The decision as a sentence, with its reason. */
  readonly text: string;
}

/** What evicted pages were kept for, least first. */
const PAGE_KINDS = ['abandoned', 'finished', 'idle', 'acting', 'next', 'static'] as const;
/** Why pages of a waiting program are kept so long. */
const RETAIN_REASONS = ['none', 'free-memory', 'unknown-tool', 'measured', 'expected', 'worthless'] as const;

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
    reason: (typeof RETAIN_REASONS)[number];
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
  evict: { pages: number; pageKind: (typeof PAGE_KINDS)[number] };
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
}

export type DecisionKind = keyof DecisionFields;

/** One decision of the scheduler: what was decided, about what, and the numbers it was made of. */
export type NativeDecision = {
  [Kind in DecisionKind]: DecisionAbout & { readonly kind: Kind } & Readonly<DecisionFields[Kind]>;
}[DecisionKind];

/** A point or span in milliseconds, of one in microseconds. */
function millis(reader: ByteReader): number {
  const micros = reader.double();
  return micros >= 2 ** 61 ? Number.POSITIVE_INFINITY : micros / 1000;
}

function one<T>(list: readonly T[], reader: ByteReader): T {
  return list[reader.double()] as T;
}

type Read = { [Kind in DecisionKind]: (reader: ByteReader) => DecisionFields[Kind] };

/**
 * The kinds in the order of native/core/policy/decision.h, and how the fields of each follow one another in the bytes.
 * The fields of an object literal are evaluated in order.
 */
const READ: Read = {
  arrive: (r) => ({ promptTokens: r.double(), class: one(CLASSES, r) }),
  refuse: (r) => ({ predictedMs: millis(r), retryAfterMs: millis(r) }),
  admit: (r) => ({ cachedTokens: r.double(), prefillTokens: r.double() }),
  coalesce: (r) => ({ untilMs: millis(r), waiting: r.double() }),
  dedupe: (r) => ({ producer: r.double(), sharedTokens: r.double() }),
  bypass: (r) => ({ passed: r.double(), timesPassed: r.double() }),
  preempt: (r) => ({ inFavourOf: r.double(), computedTokens: r.double() }),
  lift: (r) => ({ class: one(CLASSES, r), effectiveClass: one(CLASSES, r) }),
  window: (r) => ({ from: r.double(), to: r.double() }),
  pause: (r) => ({ demandPages: r.double(), programPages: r.double() }),
  resume: (r) => ({ demandPages: r.double() }),
  retain: (r) => ({
    keepMs: millis(r),
    reason: one(RETAIN_REASONS, r),
    samples: r.double(),
    backByThen: r.double(),
    restoreMs: millis(r),
    tool: r.string(),
  }),
  expire: (r) => ({ keptMs: millis(r) }),
  evict: (r) => ({ pages: r.double(), pageKind: one(PAGE_KINDS, r) }),
  break_pin: () => ({}),
  plan: (r) => ({ prefillTokens: r.double(), decodeRows: r.double() }),
  ahead: (r) => ({ tokens: r.double(), tokensLeft: r.double() }),
  budget: (r) => ({ allowedTokens: r.double(), stepMs: millis(r) }),
  refit: (r) => ({ stepMs: millis(r), prefillNs: r.double() }),
  finish: (r) => ({ outputTokens: r.double(), waitedMs: millis(r) }),
  cancel: (r) => ({ outputTokens: r.double(), waitedMs: millis(r) }),
  program_end: (r) => ({ serviceTokens: r.double(), calls: r.double() }),
};

/** Every kind, in the order of the native half. */
export const DECISION_KINDS = Object.keys(READ) as DecisionKind[];

/** A decision's record after its header (format: native/addon/README.md). */
export function readDecision(reader: ByteReader): NativeDecision {
  const kind = DECISION_KINDS[reader.int()] as DecisionKind;
  const at = reader.double();
  const program = reader.id();
  const request = reader.id();
  const text = reader.string();
  return { at, kind, program, request, text, ...READ[kind](reader) } as NativeDecision;
}
