import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A cache directory of its own, gone when the work has ended. */
export async function inDirectory<Result>(work: (dir: string) => Promise<Result>): Promise<Result> {
  const dir = mkdtempSync(join(tmpdir(), 'bench-tiers-'));
  try {
    return await work(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Tokens that differ from seed to seed from the first one on. */
export const tokensOf = (seed: number, length: number): Int32Array =>
  Int32Array.from({ length }, (_, i) => 10 + ((seed * 7919 + i * 104_729 + ((i * seed) % 31)) % 3000));

/** What the parts of this benchmark are given. */
export interface PartOptions {
  /** Path of the model. */
  model: string;
  runs: number;
  /** 0: one a physical core. */
  threads: number;
  minutes: number;
}

export const CACHE_BYTES = 20 * 2 ** 30;
