import { createHash, createHmac } from 'node:crypto';

/**
 * A checksum that also says what came before: an entry that was changed, swapped, or brought from elsewhere does not fit where
 * it stands. Without a `key` it is no seal: who can write the file can compute it.
 */
export function chained(before: string, line: string, key?: string): string {
  const hash = key === undefined ? createHash('sha256') : createHmac('sha256', key);
  return hash.update(before).update('\n').update(line).digest('base64');
}
