import { once } from 'node:events';
import { chmod, lstat, mkdtemp, realpath, rename, rm, stat } from 'node:fs/promises';
import { createConnection, type Server } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { BanyanError } from '../errors.js';
import { PRIVATE } from '../private-file.js';
import { takeLock } from './file-lock.js';

/** Bytes of a socket's path that every system takes. */
const LONGEST = 100;
const STICKY = 0o1000;
const OTHERS_WRITE = 0o022;

/**
 * A server that listens on a Unix socket which its owner alone may connect to. A socket that was left behind is replaced; one that is
 * listened on, another user's, and what is no socket stay. Resolves to what takes it away again. Rejects with INVALID_OPTION.
 */
export async function listenAt(server: Server, given: string): Promise<() => Promise<void>> {
  const folder = await realpath(dirname(given)).catch((cause: unknown) => {
    throw refused(given, 'its folder is not there', cause);
  });
  const path = join(folder, basename(given));
  await checkFolder(path, folder);
  const busy = {
    code: 'INVALID_OPTION' as const,
    field: 'socket',
    message: `${path} is being made by another process`,
  };
  const release = await takeLock(path, busy);
  try {
    await checkFree(path);
    await place(server, path, folder);
  } finally {
    await release();
  }
  const { ino } = await lstat(path);
  return async () => {
    const there = await lstat(path).catch(() => undefined);
    if (there?.ino === ino) await rm(path, { force: true }); // else another one has taken its place
  };
}

/** Why what is at `path` is not to be trusted: it is no socket, or not this user's nor the administrator's. '': it may be, or nothing is there. */
export async function foreignSocket(path: string): Promise<string> {
  const there = await lstat(path).catch(() => undefined);
  if (!there) return '';
  if (!there.isSocket()) return 'it is no socket';
  return isOurs(there.uid) || there.uid === 0 ? '' : 'it is a socket of another user';
}

/** It comes into its place when it listens and is private: no other user ever finds it open. */
async function place(server: Server, path: string, folder: string): Promise<void> {
  const own = await mkdtemp(join(folder, '.b')).catch((cause: unknown) => {
    throw refused(path, 'its folder cannot be written', cause);
  });
  try {
    const there = join(own, 's');
    if (Buffer.byteLength(there) > LONGEST || Buffer.byteLength(path) > LONGEST) {
      throw refused(path, `a path of at most ${LONGEST} bytes is needed`);
    }
    server.listen(there);
    await once(server, 'listening');
    await chmod(there, PRIVATE);
    await rename(there, path);
  } finally {
    await rm(own, { recursive: true, force: true });
  }
}

async function checkFolder(path: string, folder: string): Promise<void> {
  const { uid, mode } = await stat(folder);
  if (!isOurs(uid) && uid !== 0) throw refused(path, 'its folder is of another user');
  if ((mode & OTHERS_WRITE) !== 0 && (mode & STICKY) === 0) throw refused(path, 'others may write to its folder');
}

async function checkFree(path: string): Promise<void> {
  const there = await lstat(path).catch(() => undefined);
  if (!there) return;
  if (!there.isSocket()) throw refused(path, 'something else is there');
  if (!isOurs(there.uid)) throw refused(path, 'it is a socket of another user');
  if (await answers(path)) throw refused(path, 'another process listens there');
}

async function answers(path: string): Promise<boolean> {
  const socket = createConnection(path);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

const isOurs = (uid: number) => uid === (process.getuid?.() ?? uid);

function refused(path: string, why: string, cause?: unknown): BanyanError {
  return new BanyanError('INVALID_OPTION', `socket ${path.slice(0, 500)}: ${why}`, { field: 'socket', cause });
}
