import type { NativeUsage } from '../native/reports.js';

/** When an answer of another engine came, as it is seen from here. */
export interface Times {
  submitted: number;
  first: number | undefined;
  last: number;
  now: number;
}

/** What an answer of another engine cost. `cached` null: the engine does not say. */
export function usageOf(
  promptTokens: number,
  outputTokens: number,
  reasoningTokens: number,
  cached: number | null,
  { submitted, first, last, now }: Times,
): NativeUsage {
  const hits = Math.min(cached ?? 0, promptTokens);
  const ttftMs = first === undefined ? 0 : first - submitted;
  const whole = hits >= promptTokens - 1;
  return {
    ...{ promptTokens, cachedTokens: hits, outputTokens, reasoningTokens },
    ...{ computedTokens: promptTokens - hits + outputTokens, cacheWriteTokens: 0 },
    ...{ preemptions: 0, queueMs: 0, prefillMs: ttftMs, ttftMs, waitedMs: 0, bypassed: 0 },
    itlMs: first === undefined || outputTokens < 2 ? 0 : (last - first) / (outputTokens - 1),
    totalMs: now - submitted,
    miss: {
      ...{ matched: hits, promptTokens, paged: hits, kept: 0, expected: -1, actual: -1 },
      reason: cached === null ? 'reuse-off' : whole ? 'full-hit' : hits === 0 ? 'cold' : 'evicted-or-new',
    },
    hits: { device: hits, host: 0, disk: 0 },
    retained: '',
  };
}
