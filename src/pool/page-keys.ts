/** Tokens of a page, as engines count them here: what is shared is counted in whole pages. */
export const PAGE_TOKENS = 32;

/**
 * Keys of a prompt's full pages: each stands for all tokens up to its end, and for the tenant. They advise where to send a
 * request; two prompts with the same key cost a detour, never an answer. 32 bits: a map finds such a number many times faster than one
 * of 53, and of 100,000 keys one in 40,000 others is taken for one of them. `page`: how many stand for a page, where they are no tokens.
 */
export function pageKeys(tenant: string, tokens: ArrayLike<number>, page = PAGE_TOKENS): number[] {
  let [high, low] = [0x9e3779b9, 0x85ebca6b];
  const mix = (value: number) => {
    low = Math.imul(low ^ value, 0x85ebca77);
    low ^= low >>> 13;
    high = Math.imul(high ^ low, 0xc2b2ae3d);
    high ^= high >>> 16;
  };
  for (let at = 0; at < tenant.length; at++) mix(tenant.charCodeAt(at));
  const keys: number[] = [];
  for (let at = 0; at < tokens.length; at++) {
    mix(tokens[at] as number);
    if ((at + 1) % page === 0) keys.push(high ^ low);
  }
  return keys;
}
