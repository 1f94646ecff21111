import { randomBytes } from 'node:crypto';
import { constants, type FileHandle, lstat, open, rename, rm } from 'node:fs/promises';

/** 0 where a system has none (Windows). */
const { O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;

/** Its owner alone reads a file with words of others in it. */
export const PRIVATE = 0o600;

/**
 * Opens what is there or, with `create`, makes it; never through a symbolic link at its end, and never waiting for the other
 * end of a pipe. Rejects with what the file system says.
 */
export function openPrivate(path: string, flags: number, create: boolean): Promise<FileHandle> {
  return open(path, flags | O_NOFOLLOW | O_NONBLOCK | (create ? constants.O_CREAT : 0), PRIVATE);
}

/**
 * An empty file to write. A file that was there stays unless `overwrite`: then another one takes its place under its name at
 * once, and who has the old one open keeps it. A link is replaced, not followed. Rejects with EEXIST, or what the system says.
 */
export async function createPrivate(path: string, overwrite: boolean): Promise<FileHandle> {
  const flags = constants.O_WRONLY | constants.O_EXCL;
  if (!overwrite) return openPrivate(path, flags, true);
  const there = await lstat(path).catch(() => undefined);
  if (there?.isCharacterDevice()) return openPrivate(path, constants.O_WRONLY, false);
  if (there && !there.isFile() && !there.isSymbolicLink()) throw new Error('it is no file');
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  const file = await openPrivate(temporary, flags, true);
  try {
    await rename(temporary, path);
    return file;
  } catch (cause) {
    await file.close();
    await rm(temporary, { force: true });
    throw cause;
  }
}
