import { chained } from '../kit/files/hash-chain.js';

/** What the first entry of a run follows. */
export const chainOf = (run: string): string => chained('banyan run', run);

/** What a step of a run follows: steps have no order, but each its key. */
export const stepChain = (run: string, key: string, value: string | null): string =>
  chained(chained(chainOf(run), JSON.stringify(key)), value ?? '');
