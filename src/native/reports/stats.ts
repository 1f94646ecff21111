import type { NativeDraftKinds } from '../draft-kinds.js';
import type { NativeCost } from '../policy.js';

/** Gauges of now, and counters since the load, taken between two steps or in the midst of one. */
export interface NativeStats {
  pagesTotal: number;
  pagesFree: number;
  /** Held by a request or the prefix cache. */
  pagesUsed: number;
  /** Of those, held by the cache. */
  pagesCached: number;
  pagesPinned: number;
  /** Requests. */
  waiting: number;
  running: number;
  /** Nodes of the radix tree. */
  treeNodes: number;
  /** Saved states of recurrent layers: rows for them, and those in use; 0 for plain transformers. */
  statesTotal: number;
  statesUsed: number;
  /** Copies out of and into the slots of requests, and states that went to make room. */
  statesSaved: number;
  statesLoaded: number;
  statesEvicted: number;
  steps: number;
  /** Requests: taken, ended well, cancelled. */
  submitted: number;
  finished: number;
  cancelled: number;
  /** Of all requests that were admitted: their prompts, and what of them was cached. */
  promptTokens: number;
  cachedTokens: number;
  /** Through the model: of prompts, and one by one. */
  prefillTokens: number;
  decodeTokens: number;
  /** Prefilled again after a preemption. */
  recomputedTokens: number;
  /** Drafts: tokens checked as what requests may say next, and those of them that they said. */
  draftedTokens: number;
  acceptedTokens: number;
  /** The same by who drafted them. */
  draftedBy: NativeDraftKinds;
  acceptedBy: NativeDraftKinds;
  /** Of outputs: appended without being sampled, as a grammar left no choice. */
  forcedTokens: number;
  /** Steps with drafts. */
  draftSteps: number;
  /** What drafts saved so far, by measured times of steps; negative: they cost more. */
  draftSavedMs: number;
  /** Steps for which drafts rest, as they cost more than they saved; 0: they do not. */
  draftRestSteps: number;
  /** What the draft model took to read conversations and to draft. `draftSavedMs` is what is left after it. */
  draftModelMs: number;
  /** Steps for which the draft model rests; 0: it does not, or there is none. */
  draftModelRestSteps: number;
  preemptions: number;
  pagesEvicted: number;
  /** A page that two wanted to go on writing. */
  pagesCopied: number;
  /** Requests that waited for an equal prefix already under way. */
  dedupeWaits: number;
  /** Agent runs known. */
  programs: number;
  /** That hold a place. */
  programsActive: number;
  /** That lost it to others' demand. */
  programsPaused: number;
  /** Workflow and background programs that may be active. */
  window: number;
  /** That the active programs are expected to want. */
  demandPages: number;
  /** How well attained service tells that a program is nearly done, [-1, 1]. */
  serviceTellsEnd: number;
  /** Of returning requests: tokens that their program had computed, and those of them that were still there. */
  resumeTokens: number;
  resumeHits: number;
  /** `cachedTokens` by where they lay. */
  hitTokens: { device: number; host: number; disk: number };
  /** Pages that are kept outside the pool. */
  pagesHost: number;
  pagesDisk: number;
  /** On their way from there, and to there. */
  pagesLoading: number;
  pagesStoring: number;
  /** That came from there; that did not in time, and were computed; that were written. */
  pagesLoaded: number;
  pagesLate: number;
  pagesStored: number;
  /** Of those that came: before a request asked for them; of these, that a request then began with. */
  pagesPrefetched: number;
  prefetchedUsed: number;
  /** Of what a new engine is likely to be asked for (`cache.prefetch`): all, and those that it still has to look at. */
  pagesForetold: number;
  foretoldLeft: number;
  /** States of recurrent layers on disk; those that came from there, and that were written. */
  statesDisk: number;
  statesRead: number;
  statesStored: number;
  /** Calls into JavaScript, at most one a step. */
  callbacks: number;
  /** Texts of which a vector was made. */
  embeddedTexts: number;
  /** Time in steps, sum. */
  stepMs: number;
  /** Of the last 1,024 steps. */
  stepP50Ms: number;
  stepP95Ms: number;
  stepP99Ms: number;
  /** The scheduler's part of them, microseconds. */
  decidingP50Us: number;
  decidingP95Us: number;
  /** Steps by how long they took: up to so many milliseconds, and beyond the one before; `more`: beyond all. */
  stepTimes: Record<string, number>;
  /** Steps by their tokens, in the same way. */
  stepTokens: Record<string, number>;
  /** Tokens of all steps. */
  stepTokenSum: number;
  /** How often each rule of the policy fired. */
  rules: Record<string, number>;
  /** What steps cost, as it is believed now. */
  cost: Required<Pick<NativeCost, 'step' | 'prefill' | 'pair' | 'context' | 'decode' | 'state'>>;
  /** The pages on disk. */
  disk: NativeDiskStats;
}

/** The pages on disk, and the states of recurrent layers; all 0 without `cache.dir`. Counts are of this process. */
export interface NativeDiskStats {
  /** That the directory's files take, all models together; they grow by more than a page. */
  bytes: number;
  /** Of the pages and states that this model can load. */
  usedBytes: number;
  /** That the directory may take. */
  budgetBytes: number;
  /** That can be loaded, of all processes; each state counts as one. */
  pages: number;
  /** Read. */
  loads: number;
  loadedBytes: number;
  /** Asked for and not there. */
  misses: number;
  /** Not there by their deadline. */
  late: number;
  /** Found, but not as they were written: computed instead. */
  corrupt: number;
  /** Written. */
  stores: number;
  storedBytes: number;
  /** That gave way to others. */
  evicted: number;
  /** Not written: no room, enough for today, or switched off. */
  refused: number;
  /** Of the disk. */
  errors: number;
  /** Threads in a call that has not come back for seconds. */
  stuckThreads: number;
  /** Switched off for a while, after errors. */
  writesOff: boolean;
  readsOff: boolean;
  /** What the disk refuses now, in words; empty: nothing, or it works again. What was before is in the decisions of kind `disk`. */
  error: string;
}
