import { constants, rm, stat, writeFile } from 'node:fs/promises';
import { BanyanError, type ErrorCode } from '../errors.js';
import { openPrivate } from '../private-file.js';

/**
 * Taken while a process writes a file: `<file>.lock`, which holds the process id. Processes that are killed leave theirs
 * behind; such a lock is taken over. Two who do so in the same moment are told apart by the size of the file, which each looks
 * at when it writes. Resolves to how to give it back. Throws `busy`, or what the file system says.
 */
export async function takeLock(
  path: string,
  busy: { code: ErrorCode; field: string; message: string },
): Promise<() => Promise<void>> {
  const lock = `${path}.lock`;
  if (await isLeftBehind(lock)) await rm(lock, { force: true });
  try {
    await writeFile(lock, `${process.pid}\n`, { flag: 'wx', mode: 0o600 });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
    const message = `${busy.message}; if that cannot be, remove ${lock}`;
    throw new BanyanError(busy.code, message, { field: busy.field, cause });
  }
  return async () => {
    if ((await ownerOf(lock)) === process.pid) await rm(lock, { force: true }); // a person who removed ours may have let another in
  };
}

/** NaN: there is none, or it cannot be made out. */
async function ownerOf(lock: string): Promise<number> {
  const text = await readLock(lock).catch(() => '');
  return Number.parseInt(text, 10);
}

/** Others may put anything in its place: a link, a pipe, a large file. */
async function readLock(lock: string): Promise<string> {
  const file = await openPrivate(lock, constants.O_RDONLY, false);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(32), 0, 32, 0);
    return buffer.toString('latin1', 0, bytesRead);
  } finally {
    await file.close();
  }
}

/** What cannot be made sense of may be another's, half written: it stays. */
async function isLeftBehind(lock: string): Promise<boolean> {
  const pid = await ownerOf(lock);
  if (!(pid > 0)) return false;
  return pid === process.pid ? isOlderThanProcess(lock) : !isAlive(pid);
}

/** Containers give every process the same id: a lock with ours is ours only if we were there when it was made. */
async function isOlderThanProcess(lock: string): Promise<boolean> {
  const { mtimeMs } = await stat(lock).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY })); // given back meanwhile
  return mtimeMs < Date.now() - process.uptime() * 1000;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0); // asks, and kills nothing
    return true;
  } catch (reason) {
    return (reason as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
