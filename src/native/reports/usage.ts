import type { NativeDraftKinds } from '../draft-kinds.js';
import type { MissReason } from '../vocabulary.js';

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
