import type { CallUsage } from '../native/reports/usage.js';
import type { MissReason } from '../native/vocabulary.js';

const WHY: Readonly<Record<Exclude<MissReason, 'full-hit'>, (next: string, where: string) => string>> = {
  cold: () => 'nothing of this tenant was cached yet',
  diverged: (next, where) => `from token ${next} on${where}${where && ','} this prompt differs from what was cached`,
  'evicted-or-new': (next) => `what was cached ends before token ${next}: the rest is new, or was dropped to make room`,
  'reuse-off': () => 'this model or this call takes no part in the cache',
  'on-host': () => 'more of it was kept in host memory',
  'on-disk': () => 'more of it was kept on disk',
  'no-state': (next) => `the model can go on from a saved state only, and none was saved from token ${next} on`,
};

const number = (value: number) => value.toLocaleString('en');

/** How much of a prompt was cached, and why not all, in a sentence. Tokens are counted from 1. `where`: the place in its messages where it differs. */
export function missSentence({ promptTokens, cachedTokens, miss }: CallUsage, where = ''): string {
  if (cachedTokens === null) return 'not told by an engine elsewhere';
  if (miss.reason === 'full-hit') return `all ${number(promptTokens)} tokens were cached`;
  const found = cachedTokens === 0 ? 'none' : number(cachedTokens);
  const were = cachedTokens === 0 ? 'was' : 'were';
  return `${found} of ${number(promptTokens)} tokens ${were} cached: ${WHY[miss.reason](number(miss.matched + 1), where)}`;
}
