import { statfsSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { CacheOptions } from '../engine/engine-options.js';

const MOST_BYTES = 10 * 2 ** 30;
const SHARE_OF_FREE = 0.05;

export interface CacheFlags {
  /** False: no pages on disk. */
  diskCache: boolean;
  cacheDir?: string;
}

/**
 * Where commands keep pages on disk: `--cache-dir`, else BANYAN_CACHE_DIR (empty: nowhere), else the user's cache directory. They
 * take 10 GiB there, or a twentieth of what is free if that is less.
 */
export function cacheOf({ diskCache, cacheDir }: CacheFlags, env = process.env): CacheOptions | undefined {
  const home = env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const dir = cacheDir ?? env.BANYAN_CACHE_DIR ?? join(home, 'banyan', 'kv');
  if (!diskCache || dir === '') return undefined;
  return { dir, bytes: Math.min(MOST_BYTES, Math.floor(freeBytes(resolve(dir)) * SHARE_OF_FREE)) };
}

/** Of the file system that the directory is on, or will be when it is made. */
function freeBytes(dir: string): number {
  try {
    const { bavail, bsize } = statfsSync(dir);
    return bavail * bsize;
  } catch {
    const above = dirname(dir);
    return above === dir ? 0 : freeBytes(above);
  }
}
