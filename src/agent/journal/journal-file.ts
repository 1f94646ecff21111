import { constants, type FileHandle, open, realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import { BanyanError, isBanyanError } from '../../kit/errors.js';
import { takeLock } from '../../kit/files/file-lock.js';
import { openPrivate, PRIVATE } from '../../kit/private-file.js';
import { TimeSlices } from '../../kit/time-slices.js';
import { damaged, type Journal, type JournalEntry, journalError } from './journal.js';
import { SealedLines } from './sealed-lines.js';

const NEWLINE = 10;
/** What reading an entry costs beside its text, in characters. */
const ENTRY = 256;
const LARGEST = 64 * 2 ** 20;
const BEGINNING = '{"type":"run"';
/** Ends a line that does not count: the rest of one that a crash cut. JSON text never holds this character. */
const VOID = 0x18;
/** Permissions of others than the owner. */
const OTHERS = 0o077;

/**
 * A journal as a file: one entry a line, with its checksum. A last line without its end was being written in a crash: it does not
 * count, and the next entry ends it with VOID. Nothing is ever taken away, so a line that one run has acted on stays, whatever
 * others believe that the journal is theirs; and who appends finds out by the file's size, before acting.
 */
export class JournalFile implements Journal {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #unlock: () => Promise<void>;
  /** Bytes of the file when this run last looked. */
  #size = 0;
  /** The file ends inside a line. */
  #torn = false;
  #lines = new SealedLines();
  #appending: Promise<void> = Promise.resolve();

  private constructor(path: string, file: FileHandle, unlock: () => Promise<void>) {
    this.#path = path;
    this.#file = file;
    this.#unlock = unlock;
  }

  /** `create`: it may be missing. Its owner alone can read it. Rejects with JOURNAL_BUSY, JOURNAL_FAILED. */
  static async open(path: string, create: boolean): Promise<JournalFile> {
    let file: FileHandle | undefined;
    try {
      file = await openPrivate(path, constants.O_RDWR | constants.O_APPEND, create);
      if (!(await file.stat()).isFile()) throw new Error('it is no file');
      if (create) await syncFolder(path);
      return new JournalFile(path, file, await lockJournal(await realpath(path)));
    } catch (cause) {
      await file?.close();
      throw failed(path, cause);
    }
  }

  /** Rejects with JOURNAL_INVALID, JOURNAL_FAILED. Changes nothing. */
  async entries(): Promise<unknown[]> {
    const { size } = await this.#file.stat();
    if (size > LARGEST) throw damaged(1, `the file has ${size} bytes, more than any run writes`);
    const bytes = await this.#read(size);
    this.#size = bytes.length;
    const whole = bytes.lastIndexOf(NEWLINE) + 1;
    this.#torn = whole < bytes.length;
    const lines = wholeLines(bytes.subarray(0, whole));
    if (lines.length === 0) checkTorn(bytes);
    const entries: unknown[] = [];
    const slices = new TimeSlices();
    const sealed = new SealedLines();
    for (const line of lines) {
      entries.push(parsed(line, sealed));
      await slices.after(ENTRY + line.bytes.length);
    }
    this.#lines = sealed;
    return entries;
  }

  /** The whole file, from its beginning: `readFile` of a handle goes on where the last write ended. */
  async #read(size: number): Promise<Buffer> {
    const bytes = Buffer.alloc(size);
    for (let at = 0; at < size; ) {
      const { bytesRead } = await this.#file.read(bytes, at, size - at, at);
      if (bytesRead === 0) return bytes.subarray(0, at);
      at += bytesRead;
    }
    return bytes;
  }

  /** Resolves when the line is on the disk. Rejects with JOURNAL_FAILED, and JOURNAL_BUSY when others have written. */
  append(entry: JournalEntry): Promise<void> {
    this.#appending = this.#append(entry);
    return this.#appending;
  }

  async close(): Promise<void> {
    await this.#appending.catch(() => {}); // an append that is no longer waited for ends before the lock is given back
    await this.#file.close();
    await this.#unlock();
  }

  async #append(entry: JournalEntry): Promise<void> {
    const { line: text, written } = this.#lines.next(JSON.stringify(entry));
    const line = Buffer.from(`${this.#torn ? String.fromCharCode(VOID, NEWLINE) : ''}${text}\n`);
    try {
      if ((await this.#checkSize()) & OTHERS) await this.#file.chmod(PRIVATE); // made by hand, readable to others
      await this.#file.appendFile(line);
      await this.#file.datasync();
      this.#size += line.length;
      this.#torn = false;
      written();
      await this.#checkSize();
    } catch (cause) {
      throw failed(this.#path, cause);
    }
  }

  /** Returns who may read and write it. */
  async #checkSize(): Promise<number> {
    const { size, mode } = await this.#file.stat();
    if (size === this.#size) return mode;
    throw new BanyanError('JOURNAL_BUSY', `${this.#path} was written by another run`, { field: 'journal' });
  }
}

function lockJournal(path: string): Promise<() => Promise<void>> {
  const message = `${path} is being written by another run`;
  return takeLock(path, { code: 'JOURNAL_BUSY', field: 'journal', message });
}

/** A file is on the disk when its name is. Where folders cannot be opened (Windows) they need not be. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(dirname(path), 'r').catch(() => undefined);
  await folder?.sync().finally(() => folder.close());
}

/** Not a single line: either this run's first one was cut, or it is some other file, which must not be written. */
function checkTorn(bytes: Buffer): void {
  const end = bytes.indexOf(VOID);
  const beginning = bytes.toString('latin1', 0, Math.min(BEGINNING.length, end < 0 ? bytes.length : end));
  if (!BEGINNING.startsWith(beginning)) throw damaged(1, 'it does not begin like a journal');
}

/** Lines that count, each with its number from 1. */
function wholeLines(bytes: Buffer): { line: number; bytes: Buffer }[] {
  const lines: { line: number; bytes: Buffer }[] = [];
  for (let start = 0, line = 1; start < bytes.length; line++) {
    const end = bytes.indexOf(NEWLINE, start);
    if (bytes[end - 1] !== VOID) lines.push({ line, bytes: bytes.subarray(start, end) });
    start = end + 1;
  }
  return lines;
}

function parsed({ line, bytes }: { line: number; bytes: Buffer }, sealed: SealedLines): unknown {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return JSON.parse(sealed.read(text, line));
  } catch (cause) {
    if (isBanyanError(cause)) throw cause;
    throw damaged(line, 'it is no JSON', cause);
  }
}

function failed(path: string, cause: unknown): BanyanError {
  return journalError(`The journal ${path} cannot be used`, cause);
}
