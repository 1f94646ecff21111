import { type ChatMessage, invalidMessage } from '../chat-message.js';
import { type CacheHint, DAY_MS } from './cache-hint.js';
import type { Place } from './prompt-marks.js';

/** A part of a prompt that is to be kept. */
export interface KeepMark {
  /** Where it ends; undefined: behind instructions and tools. */
  readonly place: Place | undefined;
  readonly ttlMs: number;
}

/**
 * What of a conversation (of `toConversation`) is to be kept: the marks of its messages and tools that no longer-lived mark
 * behind them covers. Throws INVALID_MESSAGES for a static message that stands behind one that is not.
 */
export function keepMarks(
  messages: readonly ChatMessage[],
  tools: readonly { cache?: CacheHint | undefined }[],
): KeepMark[] {
  checkStaticFirst(messages);
  const ends = tools.map(({ cache }) => ({ place: undefined, cache }));
  const said = messages.map((message) => ({
    place: { message, characters: Number.POSITIVE_INFINITY },
    cache: message.cache,
  }));
  const kept: KeepMark[] = [];
  for (const { place, cache } of [...ends, ...said].reverse()) {
    if (cache === undefined) continue;
    const ttlMs = cache === 'static' ? DAY_MS : cache.ttlMs;
    if (kept.every((other) => other.ttlMs < ttlMs)) kept.unshift({ place, ttlMs });
  }
  return kept;
}

/** A prefix is found again up to what changes: what never does comes before everything else. */
function checkStaticFirst(messages: readonly ChatMessage[]): void {
  const volatile = messages.findIndex(({ role, cache }) => cache !== 'static' && role !== 'system');
  const late = messages.findIndex(({ cache }, index) => cache === 'static' && index > volatile);
  if (volatile < 0 || late < 0) return;
  const problem = `is "static" behind messages[${volatile}], which is not: put what is the same in every call first, or use { ttlMs }`;
  throw invalidMessage(`messages[${late}].cache`, problem);
}
