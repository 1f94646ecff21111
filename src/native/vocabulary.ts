/*
 * Words that both halves know, by index or by name: native/addon reads and writes these. A list here is the only one; its type,
 * its checks and the decoders come from it.
 */

/** Who goes first under load, the first one first. */
export const CLASSES = ['interactive', 'workflow', 'background'] as const;
export type NativeClass = (typeof CLASSES)[number];

/** How keys and values are stored. */
export const KV_TYPES = ['f16', 'f32', 'bf16', 'q8_0', 'q4_0'] as const;
export type KvType = (typeof KV_TYPES)[number];

/**
 * Why an answer ended: `stop` the model ended its turn or its grammar is complete, `length` at `maxTokens`, `stop-sequence` at
 * a text of `stop`, `tool-calls` as `stop`, with calls.
 */
export const FINISH_REASONS = ['stop', 'length', 'stop-sequence', 'tool-calls', 'cancelled', 'error'] as const;
export type FinishReason = (typeof FINISH_REASONS)[number];

/** What is told of a call before it is whole: it begins, its arguments grow, or it was none. */
export const CALL_STAGES = ['call-start', 'call-args', 'call-cut'] as const;

/** Where a request is before its first token: taken, admitted, its prompt computed so far. */
export const STAGES = ['accepted', 'admitted', 'prefill'] as const;

/** Why a prompt was not found in the cache to its end; see NativeMiss. */
export const MISS_REASONS = [
  'full-hit',
  'cold',
  'diverged',
  'evicted-or-new',
  'reuse-off',
  'on-host',
  'on-disk',
  'no-state',
] as const;
export type MissReason = (typeof MISS_REASONS)[number];

/** What evicted pages were kept for, least first. */
export const PAGE_KINDS = ['abandoned', 'finished', 'idle', 'acting', 'next', 'static'] as const;
export type PageKind = (typeof PAGE_KINDS)[number];

/** Why pages of the prefix tree are kept, least first: for what PAGE_KINDS say, by a pin, for a running request. */
export const KEPT = [...PAGE_KINDS, 'pinned', 'running'] as const;

/** What a page of the pool is for: nothing, a request or pin that does not share it, or (2 and above) as KEPT. */
export const PAGE_STATES = ['free', 'held', ...KEPT] as const;

/** What a waiting request waits for: another that computes the same, a read from disk, a slot, its program's turn, pages, the next step. */
export const WAITS_FOR = ['none', 'prefix', 'load', 'slot', 'gate', 'pages', 'turn'] as const;

/** Why pages of a waiting program are kept so long. */
export const RETAIN_REASONS = ['none', 'free-memory', 'unknown-tool', 'measured', 'expected', 'worthless'] as const;
export type RetainReason = (typeof RETAIN_REASONS)[number];

/** Where the KV of a page is: in the pool, in this process's memory beside it, on disk. */
export const TIERS = ['device', 'host', 'disk'] as const;
export type KvTier = (typeof TIERS)[number];

/** Why pages are written to disk while the pool still has them. */
export const STORE_REASONS = [
  'static',
  'waiting-for-human',
  'parked',
  'durable',
  'pressure',
  'used-again',
  'closing',
] as const;
export type StoreReason = (typeof STORE_REASONS)[number];

/** What an agent run does: it computes, waits for tools, waits for a person, or has ended. */
export const PHASES = ['reasoning', 'acting', 'human', 'finished'] as const;
export type Phase = (typeof PHASES)[number];
