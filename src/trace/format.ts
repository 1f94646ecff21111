/*
 * What engine.record() writes, a line each: JSON objects in the order in which they happened. A reader skips types and
 * fields that it does not know. Times are microseconds since the recording began.
 */

export const TRACE_VERSION = 1;

/** How token ids are written: `hashed` names each prefix (see token-chain.ts), `ids` are the model's own. */
export type TraceTokens = 'hashed' | 'ids';

/** The first line. */
export interface TraceHeader {
  type: 'trace';
  version: number;
  tokens: TraceTokens;
  engine: { pages: number; pageTokens: number; maxRunning: number; maxBatchTokens: number; maxContext: number };
}

/** Tokens of a prompt: the first `keep` of request `base` (prompt, then output), and `tokens` after them. Base 0: none. */
export interface TracePrompt {
  base: number;
  keep: number;
  tokens: number[];
}

export interface TraceSubmit extends TracePrompt {
  type: 'submit';
  t: number;
  request: number;
  /** 0: a program of its own. */
  program: number;
  /** The request of the program that ended last before this one was submitted; 0: none. Replay keeps the time between. */
  after: number;
  class: string;
  /** Numbered in order of appearance; 0: none was given. */
  tenant: number;
  /** 0: to the end of the context. */
  maxTokens: number;
  /** It was asked for no token at all, only for its prompt to be computed; `maxTokens` is 0 then. */
  promptOnly?: true;
  /** The logprobs of its prompt were wanted: all of it was computed, and nothing of it cached. */
  scored?: true;
  cache: boolean;
  deadlineMs?: number;
  ttftLimitMs?: number;
}

/** A request without this line was still running when the recording ended. */
export interface TraceFinish {
  type: 'finish';
  t: number;
  request: number;
  /** A finish reason, or `error` with its `code`. */
  reason: string;
  code?: string;
  /** Goes on where the prompt ends. */
  output: number[];
  /** The cost of the request in the recorded engine; absent after an error. */
  cached?: number;
  computed?: number;
  preemptions?: number;
  ttftMs?: number;
}

export interface TraceHint extends Partial<TracePrompt> {
  type: 'hint';
  t: number;
  program: number;
  hint: string;
  tool?: string;
  expectedMs?: number;
  tenant?: number;
  steps?: number;
  /** How many first tokens of an abandoned branch are still wanted. */
  from?: number;
}

export type TraceLine = TraceHeader | TraceSubmit | TraceFinish | TraceHint;
