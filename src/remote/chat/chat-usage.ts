import { countOf } from '../usage.js';
import type { ChatUsage } from './chat-model.js';

/** Tokens of a request; `cached` null: the provider does not say. */
export function countsOf(usage: ChatUsage | undefined) {
  const { inputTokens, outputTokens, raw } = usage ?? {};
  return {
    prompt: countOf(inputTokens?.total) ?? 0,
    // Providers' packages say 0 where nothing was said: what came over the wire tells.
    cached: raw && !namesCache(raw, 0) ? null : (countOf(inputTokens?.cacheRead) ?? null),
    output: countOf(outputTokens?.total) ?? 0,
    reasoning: countOf(outputTokens?.reasoning) ?? 0,
  };
}

/** Some field of it tells of a cache: `cached_tokens`, `cache_read_input_tokens`, `cachedContentTokenCount` ... */
function namesCache(raw: object, depth: number): boolean {
  return Object.entries(raw).some(([name, value]) => {
    if (/cache/i.test(name) && typeof value === 'number') return true;
    return depth < 2 && typeof value === 'object' && value !== null && namesCache(value, depth + 1);
  });
}
