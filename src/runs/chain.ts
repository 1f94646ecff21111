import { createHash } from 'node:crypto';

/**
 * A checksum that also says what came before: an entry that was changed, swapped, or brought from another run does not fit
 * where it stands. It is no seal: who can write the file can compute it.
 */
export function chained(before: string, line: string): string {
  return createHash('sha256').update(before).update('\n').update(line).digest('base64');
}

/** What the first entry of a run follows. */
export const chainOf = (run: string): string => chained('banyan run', run);

/** What a step of a run follows: steps have no order, but each its key. */
export const stepChain = (run: string, key: string, value: string | null): string =>
  chained(chained(chainOf(run), JSON.stringify(key)), value ?? '');
