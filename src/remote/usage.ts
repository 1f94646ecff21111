import { NO_DRAFTS } from '../native/draft-kinds.js';
import type { CallUsage } from '../native/reports/usage.js';
import { MISS_REASONS } from '../native/vocabulary.js';

/** A number of tokens that a server says; undefined: it says none, or what can be none. */
export function countOf(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && Number(value) >= 0 ? Number(value) : undefined;
}

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
  elsewhere: CallUsage['elsewhere'],
): CallUsage {
  const hits = Math.min(cached ?? 0, promptTokens);
  const ttftMs = first === undefined ? 0 : first - submitted;
  const whole = hits >= promptTokens - 1;
  return {
    ...{ promptTokens, cachedTokens: cached === null ? null : hits, outputTokens, reasoningTokens },
    ...{ computedTokens: promptTokens - hits + outputTokens, cacheWriteTokens: 0 },
    ...{
      draftedTokens: 0,
      acceptedTokens: 0,
      acceptedBy: NO_DRAFTS,
      forcedTokens: 0,
      preemptions: 0,
      queueMs: 0,
      prefillMs: ttftMs,
      ttftMs,
      waitedMs: 0,
      bypassed: 0,
    },
    itlMs: first === undefined || outputTokens < 2 ? 0 : (last - first) / (outputTokens - 1),
    totalMs: now - submitted,
    miss: {
      ...{ matched: hits, promptTokens, paged: hits, kept: 0, expected: -1, actual: -1 },
      reason: cached === null ? 'reuse-off' : whole ? 'full-hit' : hits === 0 ? 'cold' : 'evicted-or-new',
    },
    hits: { device: hits, host: 0, disk: 0 },
    retained: '',
    ...(elsewhere && { elsewhere }),
  };
}

const TOLD = [
  'draftedTokens',
  'acceptedTokens',
  'forcedTokens',
  'computedTokens',
  'cacheWriteTokens',
  'preemptions',
  'queueMs',
  'waitedMs',
  'bypassed',
] as const;
const MISS = ['matched', 'paged', 'kept'] as const;

/** With what an engine of Banyan's says of it: `said`, where it makes sense. */
export function toldUsage(seen: CallUsage, said: unknown): CallUsage {
  const there = Object(said) as Record<string, unknown>;
  const hits = numbersOf(Object(there.hits), ['device', 'host', 'disk']);
  const miss = Object(there.miss) as Record<string, unknown>;
  const reason = MISS_REASONS.find((known) => known === miss.reason);
  return {
    ...seen,
    ...numbersOf(there, TOLD),
    hits: { ...seen.hits, ...hits },
    miss: reason ? { ...seen.miss, ...numbersOf(miss, MISS), reason } : seen.miss,
  };
}

function numbersOf<Name extends string>(
  from: Record<string, unknown>,
  names: readonly Name[],
): { [K in Name]?: number } {
  const found: { [K in Name]?: number } = {};
  for (const name of names) {
    const value = from[name];
    if (typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER) found[name] = value;
  }
  return found;
}
