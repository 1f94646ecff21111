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

/** Why a prompt was not found in the cache to its end; see NativeMiss. */
export const MISS_REASONS = ['full-hit', 'cold', 'diverged', 'evicted-or-new', 'reuse-off'] as const;
export type MissReason = (typeof MISS_REASONS)[number];
