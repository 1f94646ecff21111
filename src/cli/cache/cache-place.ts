import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { CacheOptions } from '../../engine/engine-options.js';
import { BanyanError } from '../../kit/errors.js';

const MOST_BYTES = 10 * 2 ** 30;
const SHARE_OF_FREE = 0.05;
/** Of the pool. */
const PREFETCHED = 0.25;

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
  const dir = dirOf(cacheDir, env);
  if (!diskCache || dir === '') return undefined;
  return { dir, bytes: MOST_BYTES, freeShare: SHARE_OF_FREE };
}

/** A server is asked for what it was asked for before it was started again: its engine begins to read that at once. */
export const forServer = <Options extends { cache?: CacheOptions | undefined }>(options: Options): Options =>
  options.cache ? { ...options, cache: { ...options.cache, prefetch: PREFETCHED } } : options;

/** The directory that is looked at or emptied, as an absolute path. Throws INVALID_OPTION where none is kept. */
export function placeOf(cacheDir: string | undefined, env = process.env): string {
  const dir = dirOf(cacheDir, env);
  if (dir !== '') return resolve(dir);
  throw new BanyanError('INVALID_OPTION', 'BANYAN_CACHE_DIR is empty: no pages are kept on disk', {
    field: 'cacheDir',
  });
}

function dirOf(cacheDir: string | undefined, env: NodeJS.ProcessEnv): string {
  return cacheDir ?? env.BANYAN_CACHE_DIR ?? join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'banyan', 'kv');
}
