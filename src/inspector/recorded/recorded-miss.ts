/** A call of a recording, by what a reader can tell of it: tokens. */
export interface RecordedLookup {
  readonly promptTokens: number;
  /** Undefined: it ended before that was known. */
  readonly cachedTokens: number | undefined;
  /** From the beginning on, of what was asked before by its tenant. */
  readonly knownTokens: number;
  /** The agent's call before this one: its tokens with its answer, and how many of them this one begins with. */
  readonly before: { readonly tokens: number; readonly common: number } | undefined;
  /** Whether the request took part in the cache. */
  readonly cache: boolean;
}

const number = (value: number) => value.toLocaleString('en');

/** How much of a prompt was cached, and why not all, in a sentence. */
export function recordedMiss({ promptTokens, cachedTokens, knownTokens, before, cache }: RecordedLookup): string {
  if (cachedTokens === undefined) return 'not known: it failed';
  // The last token is computed in any case: the answer begins there.
  if (cachedTokens >= promptTokens - 1) return `all ${number(promptTokens)} tokens were cached`;
  const found = cachedTokens === 0 ? 'none' : number(cachedTokens);
  const told = `${found} of ${number(promptTokens)} tokens ${cachedTokens === 0 ? 'was' : 'were'} cached`;
  if (!cache) return `${told}: the call took no part in the cache`;
  const known = Math.min(knownTokens, promptTokens - 1);
  if (cachedTokens < known) {
    const lost = `${number(known - cachedTokens)} more had been asked before, but were no longer cached, or not yet`;
    return `${told}: ${lost}`;
  }
  if (before && before.common < Math.min(before.tokens, promptTokens)) {
    return `${told}: from token ${number(before.common + 1)} on it differs from this agent's call before`;
  }
  if (knownTokens === 0) return `${told}: no call before began like this one`;
  return `${told}: the rest is new`;
}
