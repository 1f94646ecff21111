import { z } from 'zod';
import { ttlOf } from '../../stateless/cache/cache-marks.js';
import type { WirePart } from '../chat/content.js';
import { maybe } from '../chat/wire-body.js';

/** The body's field about prompt caching. The cache itself is always on: `mode` has no effect. */
export const promptCacheOptions = maybe(z.looseObject({ ttl: maybe(z.string()) }));

const DEFAULT_TTL_MS = 30 * 60_000;

/** How long a part that has `prompt_cache_breakpoint` is to be kept, with all before it; undefined: it has none. */
export function breakpointTtl(options: z.infer<typeof promptCacheOptions>): (part: WirePart) => number | undefined {
  const ttlMs = ttlOf(options?.ttl, DEFAULT_TTL_MS);
  return (part) => ((part as { prompt_cache_breakpoint?: unknown }).prompt_cache_breakpoint ? ttlMs : undefined);
}
