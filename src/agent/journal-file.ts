import { constants, type FileHandle, open, realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import { BanyanError } from '../engine/errors.js';
import { damaged, type Journal, type JournalEntry, journalError } from './journal.js';
import { takeLock } from './journal-lock.js';

const NEWLINE = 10;
const LARGEST = 64 * 2 ** 20;
const BEGINNING = '{"type":"run"';

/** A journal as a file: one entry a line. A last line without its end was being written in a crash: it does not count. */
export class JournalFile implements Journal {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #unlock: () => Promise<void>;
  /** Bytes of the whole lines. */
  #length = 0;
  /** Bytes of the file when this run last looked. */
  #size = 0;

  private constructor(path: string, file: FileHandle, unlock: () => Promise<void>) {
    this.#path = path;
    this.#file = file;
    this.#unlock = unlock;
  }

  /** `create`: it may be missing. Its owner alone can read it. Rejects with JOURNAL_BUSY, JOURNAL_FAILED. */
  static async open(path: string, create: boolean): Promise<JournalFile> {
    let file: FileHandle | undefined;
    try {
      const flags = constants.O_RDWR | constants.O_APPEND | (create ? constants.O_CREAT : 0);
      file = await open(path, flags, 0o600);
      if (!(await file.stat()).isFile()) throw new Error('it is no file');
      if (create) await syncFolder(path);
      return new JournalFile(path, file, await takeLock(await realpath(path)));
    } catch (cause) {
      await file?.close();
      throw failed(path, cause);
    }
  }

  /** Rejects with JOURNAL_INVALID, JOURNAL_FAILED. Changes nothing. */
  async entries(): Promise<unknown[]> {
    const { size } = await this.#file.stat();
    if (size > LARGEST) throw damaged(1, `the file has ${size} bytes, more than any run writes`);
    const bytes = await this.#file.readFile();
    this.#size = bytes.length;
    this.#length = bytes.lastIndexOf(NEWLINE) + 1;
    if (this.#length === 0) checkTorn(bytes);
    return parsedLines(bytes.subarray(0, this.#length));
  }

  /** Resolves when the line is on the disk. Rejects with JOURNAL_FAILED, and JOURNAL_BUSY when others have written. */
  async append(entry: JournalEntry): Promise<void> {
    const line = Buffer.from(`${JSON.stringify(entry)}\n`);
    try {
      await this.#checkSize();
      if (this.#length < this.#size) await this.#file.truncate(this.#length);
      await this.#file.appendFile(line);
      await this.#file.datasync();
      this.#length += line.length;
      this.#size = this.#length;
      await this.#checkSize();
    } catch (cause) {
      throw failed(this.#path, cause);
    }
  }

  async close(): Promise<void> {
    await this.#file.close();
    await this.#unlock();
  }

  async #checkSize(): Promise<void> {
    const { size } = await this.#file.stat();
    if (size === this.#size) return;
    throw new BanyanError('JOURNAL_BUSY', `${this.#path} was written by somebody else`, { field: 'journal' });
  }
}

/** A file is on the disk when its name is. Where folders cannot be opened (Windows) they need not be. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(dirname(path), 'r').catch(() => undefined);
  await folder?.sync().finally(() => folder.close());
}

/** Not a single line: either this run's first one was cut, or it is some other file, which must not be overwritten. */
function checkTorn(bytes: Buffer): void {
  const beginning = bytes.toString('latin1', 0, BEGINNING.length);
  if (!BEGINNING.startsWith(beginning)) throw damaged(1, 'it does not begin like a journal');
}

function parsedLines(bytes: Buffer): unknown[] {
  const lines: unknown[] = [];
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(NEWLINE, start);
    try {
      lines.push(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(start, end))));
    } catch (cause) {
      throw damaged(lines.length + 1, 'it is no JSON', cause);
    }
    start = end + 1;
  }
  return lines;
}

function failed(path: string, cause: unknown): BanyanError {
  return journalError(`The journal ${path} cannot be used`, cause);
}
