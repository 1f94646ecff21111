/*
 * simulate(): the scheduler of native/core on a virtual clock (native/sim). Every field is set by the caller and checked
 * again natively. Times are microseconds of that clock, which starts at 1.
 */

import type { NativePolicy } from './policy.js';
import type { NativeStats } from './reports/stats.js';
import type { NativeClass } from './vocabulary.js';

/** One agent run. */
export interface NativeSimProgram {
  tenant: number;
  /** Programs of different salts share no pages. */
  salt: number;
  class: NativeClass;
  arrivalUs: number;
  /** BACKPRESSURE instead of a predicted time to first token above it; the program retries. 0 = none. */
  ttftLimitUs: number;
  /** When its user gives up: all its calls are cancelled. 0 = never. */
  abortUs: number;
}

/** One request. Its prompt is the first `baseTokens` of what call `base` had and said, then `append`. */
export interface NativeSimCall {
  program: number;
  /** Earlier calls that must have ended. */
  after: number[];
  /** That many of them are enough; the others are cancelled. 0 = all. */
  need: number;
  /** -1 = none. */
  base: number;
  /** -1 = all. */
  baseTokens: number;
  /** Pairs content, tokens: equal contents are equal runs of tokens. Contents below `literals.length` are those. */
  append: number[];
  /** Forced length of the answer. */
  output: number;
  /** 0 = its own; equal contents are equal answers. */
  outputContent: number;
  /**
   * What its program does between its own last call and this one: until all of `after` have ended, and `delayUs` more.
   * 'human' is a person, '' nothing that the scheduler is told of.
   */
  tool: string;
  delayUs: number;
  /** Of the prompt, the first tokens that are system prompt and tools. */
  staticTokens: number;
  /** Of the prompt, the first tokens that its program tells when its tool starts (next-prefix). */
  knownTokens: number;
  /** Siblings of one fork, and how many they are; 0 = none. */
  group: number;
  groupSize: number;
}

export interface NativeSimWorkload {
  programs: NativeSimProgram[];
  calls: NativeSimCall[];
  literals: Int32Array[];
}

/** What a step takes: step + max(weights, token * tokens) + attention + row * rows sampled (testing/simulator/devices.ts). */
export interface NativeSimDevice {
  stepNs: number;
  weightsNs: number;
  tokenNs: number;
  /** Attention of one new token to one before it, and reading one cached token, in picoseconds. */
  pairPs: number;
  readPs: number;
  rowNs: number;
  /** A copy of the state of recurrent layers; 0: the model has none. */
  stateNs: number;
}

export interface NativeSimScheduler {
  pages: number;
  pageTokens: number;
  maxRunning: number;
  maxBatchTokens: number;
  maxContext: number;
  reservePercent: number;
  /** Of recurrent layers, that can be saved; 0: the model has none. */
  states: number;
  prefixCache: boolean;
  policy: NativePolicy;
}

/** A disk that keeps pages outside the pool. It reads and writes one after another. */
export interface NativeSimDisk {
  /** That it keeps; what was used longest ago goes first. */
  pages: number;
  /** Before a page that finds it quiet, and for each page. */
  latencyUs: number;
  pageUs: number;
  /** It stands still so often, for so long; 0 = never. */
  stallEveryUs: number;
  stallUs: number;
  /** Pages that a state of recurrent layers is as large as, at least 1. */
  statePages: number;
}

export interface NativeSimConfig {
  scheduler: NativeSimScheduler;
  device: NativeSimDevice;
  /** Without one pages that leave the pool are lost. */
  disk?: NativeSimDisk;
  /** 0 = until every program has ended. */
  untilUs: number;
  /** Between two rows of the timeline; 0 = none. */
  sampleEveryUs: number;
  /** Steps between two checks of every structure; 0 = none. */
  checkEvery: number;
  /** Every row proves that the pages it reads hold its own past. For short contexts. */
  checkCells: boolean;
  /** Every n-th step fails; 0 = none. */
  failEvery: number;
  /** Programs say when tools start and end, when people are asked, which branches died, and when they are done. */
  hints: boolean;
  /** The decision log; `rows` adds every row of every step. */
  log: 'none' | 'decisions' | 'rows';
}

/** States of a call, by index. */
export const SIM_STATES = ['blocked', 'delayed', 'submitted', 'finished', 'cancelled', 'rejected'] as const;

/** A column an entry, a row a call of the workload. Times: 0 = never. */
export interface NativeSimCalls {
  state: Uint8Array;
  dueUs: Float64Array;
  admittedUs: Float64Array;
  firstTokenUs: Float64Array;
  endedUs: Float64Array;
  /** Longest time between two of its tokens. */
  longestGapUs: Float64Array;
  promptTokens: Int32Array;
  /** At its first admission. */
  cachedTokens: Int32Array;
  /** Prompt, answer, and what was computed again. */
  computedTokens: Int32Array;
  outputTokens: Int32Array;
  preemptions: Int32Array;
  /** BACKPRESSURE answers before it was taken. */
  refusals: Int32Array;
}

/** A row a program, of when its last call had ended. */
export interface NativeSimPrograms {
  endedUs: Float64Array;
  serviceTokens: Float64Array;
  /** Computed before by it, and not there when it came back. */
  lostTokens: Float64Array;
  waitedUs: Float64Array;
  actingUs: Float64Array;
  pauses: Int32Array;
}

/** A row every `sampleEveryUs`, and one at the end. Tokens since the beginning. */
export interface NativeSimTimeline {
  timeUs: Float64Array;
  running: Float64Array;
  waiting: Float64Array;
  pagesUsed: Float64Array;
  pagesCached: Float64Array;
  pagesPinned: Float64Array;
  window: Float64Array;
  prefilledInteractive: Float64Array;
  prefilledWorkflow: Float64Array;
  prefilledBackground: Float64Array;
  decodedInteractive: Float64Array;
  decodedWorkflow: Float64Array;
  decodedBackground: Float64Array;
}

export interface NativeSimResult {
  calls: NativeSimCalls;
  programs: NativeSimPrograms;
  timeline: NativeSimTimeline;
  /** By class: every time between two tokens of one answer. */
  gapsUs: [Int32Array, Int32Array, Int32Array];
  stats: NativeStats;
  /** A step each: simulated time, and the scheduler's own, measured. */
  stepUs: Int32Array;
  scheduleNs: Int32Array;
  /** What was not as it must be, in words; at most 20. */
  violations: string[];
  /** Lines "<micros> <kind> <request> <program> <a> <b>" (native/core/policy/decision.h); requests and programs from 1. */
  log: Uint8Array;
}
