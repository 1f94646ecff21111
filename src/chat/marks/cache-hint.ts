import { checkNumberIn, checkObject, invalidOption } from '../../kit/option-checks.js';
import { readOptions } from '../../kit/read-options.js';

/**
 * Wish to keep the prompt up to the end of what has it. `static`: for a day after its last use, as it is the same in every
 * call; `ttlMs`: for so many milliseconds, 1 to 86,400,000.
 */
export type CacheHint = 'static' | { readonly ttlMs: number };

/** The longest time that a pin may last. */
export const DAY_MS = 24 * 3_600_000;
const TTL = { min: 1, max: DAY_MS, whole: false };

/** A checked copy of a hint. Throws INVALID_OPTION. */
export function readCacheHint(field: string, value: unknown): CacheHint {
  if (value === 'static') return value;
  if (typeof value !== 'object' || value === null) throw invalidOption(field, '"static" or { ttlMs }', value);
  const { ttlMs } = readOptions(field, checkObject(field, value) as { ttlMs: number }, ['ttlMs']);
  return { ttlMs: checkNumberIn(`${field}.ttlMs`, ttlMs, TTL) };
}
