/*
 * What an engine tells of itself, as it leaves the addon and the package: field by field as in native/core and
 * native/engine. Tokens, pages, milliseconds and bytes, unless a field says otherwise.
 */
import type { NativeDraftKinds } from './draft-kinds.js';
import type { NativeCost } from './policy.js';
import type { MissReason, Phase } from './vocabulary.js';

/** What a model is, and what it is run with. */
export interface NativeModelInfo {
  path: string;
  /** As the GGUF names it: qwen3, llama ... */
  architecture: string;
  /** Of the GGUF's metadata; may be empty. */
  name: string;
  /**
   * SHA-256, in hex, of what tells these weights from others: metadata, shapes, samples of each tensor, sizes of the files.
   * The same in every place and under every file name; a fine-tune or another quantisation has another one.
   */
  digest: string;
  sizeBytes: number;
  parameters: number;
  /** Tokens that it was trained for. */
  contextTrain: number;
  vocabSize: number;
  /** Bytes of text that one token stands for at most; 0: unknown, the tokenizer drops or joins text. */
  longestToken: number;
  /**
   * How attention layers read their keys and values. `paged`: our kernel; `dense`: a mask over the pool; `stock`: llama.cpp's own
   * memory, or no attention layers. Hybrids are `paged`, their other layers keep states.
   */
  attention: 'paged' | 'dense' | 'stock';
  /** Empty when prefixes are reused; else why not (what the architecture would need, switched off ...). */
  noReuseReason: string;
  /** avx512, avx2, neon, portable, cuda, dense ... */
  kernel: string;
  backend: string;
  /** Empty, or why an engine that was built for a GPU computes on the CPU: no driver, no device ... */
  cpuReason: string;
  /** Of the pool, and how much each holds. */
  pages: number;
  pageTokens: number;
  pageBytes: number;
  /** Of the pool: reserved at load. Memory is taken as pages are written first. */
  poolBytes: number;
  /** Of the pool: written so far, when `info` was read last. Freed pages are used again before new ones. */
  poolUsedBytes: number;
  /**
   * States of recurrent layers that can be saved for later requests, in host memory beside the pool; 0: none. Each takes memory
   * when it is first saved. The `maxRunning` running requests have one more each.
   */
  states: number;
  /** Of one such state; 0 for plain transformers. */
  stateBytes: number;
  /** Of a model with sliding windows: tokens that such layers see; 0: it has none. */
  windowTokens: number;
  /** Of the pool: what such layers hold. They keep whole sequences, so that a prefix is reused at any of its tokens. */
  windowBytes: number;
  /** Of those: what the windows of `maxRunning` requests would need if nothing were reused. */
  windowNeededBytes: number;
  /** Tokens one request may reach, prompt and answer. */
  maxContext: number;
  maxRunning: number;
  maxBatchTokens: number;
  hasChatTemplate: boolean;
  /** May requests have tools? */
  supportsTools: boolean;
  /**
   * Whose format of tools and calls is used: `template`: the chat template's; `banyan`: Banyan's own, as the template shows no
   * tools; `none`: there is no chat template, or `toolFormat: 'template'` was asked for.
   */
  toolFormat: 'template' | 'banyan' | 'none';
  /** Does it show several calls of one turn? Where not, the model makes one call a turn. */
  supportsParallelCalls: boolean;
  /** Does it show a system message in the midst of a conversation, and there? Where not, it is told as the user's. */
  supportsLateSystem: boolean;
  /** The token that ends a turn. */
  eosText: string;
  /**
   * What its file recommends for sampling (`general.sampling.*`): the defaults of requests that do not ask for temperature 0. Empty: it
   * recommends nothing.
   */
  sampling: NativeSamplingAdvice;
  /** Empty, or what of its recommendations is left out, as it is no value of the option, or as servers cannot be told it. */
  samplingReason: string;
  /** How an embedding model makes one vector of a text; `none`: the model generates text. */
  pooling: 'none' | 'mean' | 'cls' | 'last';
  /** Numbers of its vectors; 0: the model generates text. */
  embeddingSize: number;
  /** Directory in which pages are kept on disk; empty: none. */
  cacheDir: string;
  /** Empty, or why pages are not kept on disk though `cache.dir` was given. */
  cacheReason: string;
  /** Drafts of tokens: as asked for, or `off` where they cannot be. */
  draftTokens: 'off' | 'auto' | 'always';
  /** Empty, or why `draftTokens` is off though it was asked for. */
  noDraftsReason: string;
  /** Path of the model or head that drafts; `mtp`: the model's own MTP layer; empty: there is none. */
  draftModel: string;
  /**
   * Of the draft model or head: bytes of its weights (0 of an MTP layer, which is counted with the model), and of its page pool,
   * which is reserved as the model's is; with a head, of the model's hidden states too, which it reads.
   */
  draftModelBytes: number;
  draftPoolBytes: number;
}

/** Sampling options that a model's file recommends, of the kinds that llama.cpp's own programs take from it. */
export interface NativeSamplingAdvice {
  readonly temperature?: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly minP?: number;
  readonly repeatPenalty?: number;
  readonly penaltyLastN?: number;
}

/** What a request cost. */
export interface NativeUsage {
  /** Of the prompt, cached ones too. */
  promptTokens: number;
  /** Of the prompt: read from the cache. */
  cachedTokens: number;
  /** Of the prompt: computed and put into the cache. What is neither is what the cache does not keep: the last token, at least. */
  cacheWriteTokens: number;
  /** Went through the model: the rest of the prompt, the output, and what a preemption made necessary again. */
  computedTokens: number;
  /** Of the answer: text, reasoning and calls. */
  outputTokens: number;
  /** Drafts: tokens that were checked as what it may say next. They are in no other count, nor charged. */
  draftedTokens: number;
  /** Of the output: tokens that were such drafts, and came in one step with the token before them. */
  acceptedTokens: number;
  /** `acceptedTokens`, by who drafted them. */
  acceptedBy: NativeDraftKinds;
  /** Of the output: tokens that its grammar left no choice about, appended without being sampled (`jumpForward: 'force'`). */
  forcedTokens: number;
  /** Of the output: tokens that came out as reasoning, with the tag before it. */
  reasoningTokens: number;
  /** How often it lost its pages to others and was computed again. */
  preemptions: number;
  /** From its submission to its first step. */
  queueMs: number;
  /** From its first step to its first token; 0: none came. */
  prefillMs: number;
  /** From its submission to its first token: `queueMs` and `prefillMs`; 0: none came. */
  ttftMs: number;
  /** Mean time between two tokens; 0 with fewer than two. */
  itlMs: number;
  /** From its submission to its end. */
  totalMs: number;
  /** How far its prompt was cached, and why not further. */
  miss: NativeMiss;
  /** Without a place in the batch, waits after preemptions included. */
  waitedMs: number;
  /** Smaller requests that passed it while it found no room. */
  bypassed: number;
  /** `cachedTokens` by where they lay. */
  hits: { device: number; host: number; disk: number };
  /**
   * How long its program's pages are kept and why; empty: it has no program. Of a request that is cancelled in the midst of
   * a step it is a forecast: that is decided when the step ends (`program.report()`).
   */
  retained: string;
}

/** What a request cost on any engine. What one elsewhere does not tell of its cache is null, never 0. */
export interface CallUsage extends Omit<NativeUsage, 'cachedTokens'> {
  /** Of the prompt: read from the cache; null: not known. `computedTokens` is then as if nothing was. */
  cachedTokens: number | null;
  /** Only of an engine elsewhere. */
  elsewhere?: {
    /** Tries beyond the first one. */
    retries: number;
    /** Those of them that went on in the midst of the answer. A sampled one has the right distribution, not the same draw. */
    migrations: number;
    /** Address of the server that gave the end. */
    server: string;
  };
}

/** How far a prompt was cached. Tokens are ids. */
export interface NativeMiss {
  /** Tokens [0, matched) were there, and need not be computed again. */
  matched: number;
  /** Of the prompt. */
  promptTokens: number;
  /** Tokens [0, paged) were there: more than `matched` only with reason `no-state`. */
  paged: number;
  /** Tokens [0, kept) are in the cache or in a lower tier (reasons `on-host`, `on-disk`); 0: no tier has more. */
  kept: number;
  /** What the cache held at `paged`; -1: nothing, or the engine was not loaded with `revealMisses`. */
  expected: number;
  /** What the prompt has there; -1: it ended. */
  actual: number;
  /**
   * `full-hit`: all of it (its last token is computed again, for its logits). `cold`: nothing of this tenant was cached.
   * `diverged`: something else was. `evicted-or-new`: what was cached ended there. `reuse-off`: the model or the request
   * takes no part in the cache. `on-host`, `on-disk`: the cache ended there, and a lower tier goes on.
   * `no-state`: what was cached goes on, but the state of the model's recurrent layers was saved at
   * `matched` last.
   */
  reason: MissReason;
}

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

/** What an agent run cost so far. */
export interface NativeProgramReport {
  /** It computes, waits for tools, waits for a person, or has ended. */
  phase: Phase;
  active: boolean;
  paused: boolean;
  /** Requests that ended; that wait or run. */
  calls: number;
  live: number;
  /** Tokens through the model along its longest path of calls. */
  service: number;
  /** Along all paths. */
  computedTokens: number;
  promptTokens: number;
  cachedTokens: number;
  outputTokens: number;
  /** It had computed them before, and they were gone when it came back. */
  lostTokens: number;
  preemptions: number;
  pauses: number;
  waitedMs: number;
  /** Waited for tools and people. */
  actingMs: number;
  /** The last decision about its pages: "kept 9.4 s because ..." */
  retention: string;
}

/** What an agent run cost on any engine. */
export interface ProgramCost extends Omit<NativeProgramReport, 'cachedTokens'> {
  /** Null: not known of a request (an engine elsewhere that does not tell). */
  cachedTokens: number | null;
}

/** What a cache's directory keeps of one model, of its pages or of its saved states (folder `...-states`), as native/store/inventory.h tells it. */
export interface NativeKeptModel {
  /** Its folder in the directory: 16 hex digits of what its pages depend on, and what is kept. */
  folder: string;
  /** Name of the model; empty: its file has none, or nothing in the folder is whole. */
  label: string;
  /** Digest of what its pages depend on: weights, cache types, page size. */
  identity: string;
  /** Bytes of its files, room for pages to come included, and of one page. */
  bytes: number;
  pageBytes: number;
  pageTokens: number;
  /** Pages, and those of them that are of static prefixes. */
  pages: number;
  fixedPages: number;
  /** Seconds since 1970 of the last use, roughly; 0: none. */
  usedAt: number;
  /** True: a process writes there. */
  inUse: boolean;
  /** Pages by tenant, most first. A name is not known: a tag stands for it, '' for no tenant. */
  tenants: { tag: string; pages: number }[];
}
