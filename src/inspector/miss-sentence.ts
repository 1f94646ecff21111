import type { CallUsage } from '../native/reports.js';
import type { MissReason } from '../native/vocabulary.js';

const WHY: Readonly<Record<Exclude<MissReason, 'full-hit'>, string>> = {
  cold: 'nothing of this tenant was cached',
  diverged: 'from there on the prompt is another one than what was cached',
  'evicted-or-new': 'what was cached ended there: the rest is new, or was evicted',
  'reuse-off': 'the model or the request takes no part in the cache',
  'on-host': 'the rest was in host memory',
  'on-disk': 'the rest was on disk',
  'no-state': 'no state of the recurrent layers was saved further on',
};

/** Whether a prompt was found in the cache, and why not further, in a sentence. */
export function missSentence({ promptTokens, cachedTokens, miss }: CallUsage): string {
  if (cachedTokens === null) return 'not told by an engine elsewhere';
  if (miss.reason === 'full-hit') return 'hit: all of it';
  const reused = `${cachedTokens} of ${promptTokens} tokens`;
  return `${cachedTokens === 0 ? 'miss' : `hit up to token ${miss.matched}`} (${reused}): ${WHY[miss.reason]}`;
}
