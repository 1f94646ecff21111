import type { Usage } from '../engine/generation.js';

/** What an answer cost, in a line. */
export function usageInWords({ promptTokens, cachedTokens, outputTokens, ttftMs, itlMs }: Usage): string {
  const cached = cachedTokens !== null && cachedTokens > 0 ? ` (${cachedTokens} cached)` : '';
  const rate = itlMs > 0 ? `, ${(1000 / itlMs).toFixed(1)} tokens/s` : '';
  return `${promptTokens} prompt${cached} + ${outputTokens} output tokens, TTFT ${ttftMs.toFixed(0)} ms${rate}`;
}
