import { constants, type FileHandle, realpath } from 'node:fs/promises';
import { BanyanError, isBanyanError, messageOf } from '../kit/errors.js';
import { takeLock } from '../kit/files/file-lock.js';
import { checkName, invalidOption } from '../kit/option-checks.js';
import { readTable } from '../kit/option-table.js';
import { openPrivate, PRIVATE } from '../kit/private-file.js';
import { flag, number, type OptionsOf, text } from '../native/option-kinds.js';
import { AUDIT_VERSION, type AuditEvent, type AuditText, auditText, type LogEvent } from './entry.js';
import { type AuditHead, LONGEST_LINE, NEWLINE, origin, readLine, writeLine } from './line.js';

/** The table of AuditOptions. */
export const AUDIT = {
  /** Texts of prompts, answers, arguments and results, not their digests alone. Default false. */
  texts: flag(false),
  /** Characters that are kept of each text, 1 to 262,144. Default 65,536. */
  textLimit: number({ min: 1, max: 2 ** 18, whole: true }, 65_536),
  /**
   * Secret that checksums and digests are made with: without it none can be forged, and no short text be guessed from its
   * digest. `verifyAudit()` needs it too. Default: none, and checksums show damage, but no forgery.
   */
  key: text(),
  /** Bytes that may wait for the disk, 65,536 to 1,073,741,824; further entries are counted as lost. Default 16,777,216. */
  queueBytes: number({ min: 65_536, max: 2 ** 30, whole: true }, 2 ** 24),
};

export interface AuditOptions extends OptionsOf<typeof AUDIT> {}

/**
 * An append-only log of what agents ask of models and tools, by tenant and run: `new Agent({ audit })`; or of all that an engine is asked,
 * by any caller: `engine.audit(log)`. Each line's checksum
 * holds the one before; `verifyAudit()` names the first that was damaged, cut, swapped or added. Its owner alone can read it, and
 * one process writes it. No agent waits for the disk: entries are written as fast as it takes them, those that find the queue full
 * are counted in an entry of their own.
 */
export class AuditLog implements AsyncDisposable {
  readonly #file: FileHandle;
  readonly #path: string;
  readonly #unlock: () => Promise<void>;
  readonly #options: { key: string | undefined; most: number; queueBytes: number };
  #head: AuditHead;
  /** Bytes of the file when this process last looked. */
  #size: number;
  #waiting: string[] = [];
  #waitingBytes = 0;
  #writing: Promise<void> | undefined;
  #lost = 0;
  #lostInAll = 0;
  #failure: BanyanError | undefined;
  #closing: Promise<void> | undefined;

  private constructor(path: string, file: FileHandle, unlock: () => Promise<void>, end: End, options: AuditOptions) {
    const { texts = false, textLimit = 65_536, key, queueBytes = 2 ** 24 } = options;
    this.#path = path;
    this.#file = file;
    this.#unlock = unlock;
    this.#options = { key, most: texts ? textLimit : 0, queueBytes };
    this.#head = end.head ?? { entry: 0, chain: origin(key) };
    this.#size = end.size;
    this.#append({ type: 'open', version: AUDIT_VERSION, cut: end.cut });
  }

  /** Opens the log at `path` to go on with it, or makes it. Rejects with INVALID_OPTION, AUDIT_FAILED. */
  static async open(path: string, given: AuditOptions = {}): Promise<AuditLog> {
    const options = readTable('options', given, AUDIT);
    if (checkName('path', path) === '') throw invalidOption('path', 'a path', path);
    let file: FileHandle | undefined;
    let unlock: (() => Promise<void>) | undefined;
    try {
      file = await openPrivate(path, constants.O_RDWR | constants.O_APPEND, true);
      if (!(await file.stat()).isFile()) throw new Error('it is no file');
      const message = `${path} is being written by another process`;
      unlock = await takeLock(await realpath(path), { code: 'AUDIT_FAILED', field: 'path', message });
      await file.chmod(PRIVATE);
      const log = new AuditLog(path, file, unlock, await findEnd(file), options);
      await log.flush();
      return log;
    } catch (cause) {
      await unlock?.().catch(() => {});
      await file?.close();
      throw failed(path, cause);
    }
  }

  /** The last entry and its checksum: kept elsewhere, it shows `verifyAudit()` that the end was cut off. */
  get head(): AuditHead {
    return this.#head;
  }

  /** Entries so far, those that wait for the disk among them, and those that were lost since this log was opened. */
  get stats(): { entries: number; waiting: number; lost: number } {
    return { entries: this.#head.entry, waiting: this.#waiting.length, lost: this.#lostInAll };
  }

  /** A text as this log holds it. */
  text(text: string): AuditText {
    return auditText(text, this.#options.most, this.#options.key);
  }

  /** Adds an entry; it is written soon. Throws AUDIT_FAILED once the log could not be written, CLOSED. */
  record(event: AuditEvent): void {
    this.check();
    if (this.#waitingBytes > this.#options.queueBytes) {
      this.#lost++;
      this.#lostInAll++;
      return;
    }
    this.#tellLost();
    this.#append(event);
  }

  /** Throws AUDIT_FAILED, CLOSED when nothing can be recorded. */
  check(): void {
    if (this.#failure) throw this.#failure;
    if (this.#closing) throw new BanyanError('CLOSED', 'The audit log is closed');
  }

  /** Resolves when all entries so far are on the disk. Rejects with AUDIT_FAILED. */
  async flush(): Promise<void> {
    while (this.#writing) await this.#writing;
    if (this.#failure) throw this.#failure;
  }

  /** Writes what waits, and that the log ends here. Idempotent. Rejects with AUDIT_FAILED. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    if (!this.#failure) {
      this.#tellLost();
      this.#append({ type: 'close' });
    }
    try {
      await this.flush();
    } finally {
      await this.#file.close();
      await this.#unlock();
    }
  }

  #tellLost(): void {
    if (this.#lost === 0) return;
    this.#append({ type: 'lost', entries: this.#lost });
    this.#lost = 0;
  }

  #append(event: AuditEvent | LogEvent): void {
    const entry = { n: this.#head.entry + 1, at: new Date().toISOString(), ...event };
    const { line, head } = writeLine(entry, this.#head, this.#options.key);
    this.#head = head;
    this.#waiting.push(line);
    this.#waitingBytes += Buffer.byteLength(line);
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
  }

  /** All that waits, in one piece; what comes meanwhile is the next piece. */
  async #write(): Promise<void> {
    await null; // what is recorded in the same turn of the event loop goes together
    try {
      while (this.#waiting.length > 0) {
        const bytes = Buffer.from(this.#waiting.join(''));
        this.#waiting = [];
        this.#waitingBytes = 0;
        if ((await this.#file.stat()).size !== this.#size) throw new Error('it was written by another process');
        await this.#file.appendFile(bytes);
        await this.#file.datasync();
        this.#size += bytes.length;
      }
    } catch (cause) {
      this.#failure = failed(this.#path, cause);
      this.#waiting = [];
      this.#waitingBytes = 0;
    }
  }
}

/** Throws INVALID_OPTION. */
export function checkAuditLog(field: string, value: unknown): AuditLog {
  if (value instanceof AuditLog) return value;
  throw invalidOption(field, 'a log of AuditLog.open()', value);
}

/** How a file ends that is gone on with. */
interface End {
  /** Undefined: it has no entry. */
  head: AuditHead | undefined;
  size: number;
  /** Bytes of a torn last line that were taken away. */
  cut: number;
}

/** Takes a torn last line away: a process was killed while it wrote it. Throws for a file that no log wrote. */
async function findEnd(file: FileHandle): Promise<End> {
  const { size } = await file.stat();
  const from = Math.max(0, size - 2 * LONGEST_LINE);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(size - from), 0, size - from, from);
  const tail = buffer.subarray(0, bytesRead);
  const whole = tail.lastIndexOf(NEWLINE) + 1;
  const cut = tail.length - whole;
  if (whole === 0) {
    if (from > 0 || (cut > 0 && !isBeginning(tail))) throw new Error('it is no audit log');
    if (cut > 0) await file.truncate(0);
    return { head: undefined, size: 0, cut };
  }
  const begin = tail.lastIndexOf(NEWLINE, whole - 2) + 1;
  const last = readLine(tail.subarray(begin, whole - 1));
  if (!last)
    throw new Error('its last line is no entry of an audit log: banyan audit verify says where the damage begins');
  if (cut > 0) await file.truncate(from + whole);
  return { head: { entry: last.entry.n, chain: last.chain }, size: from + whole, cut };
}

const BEGINNING = '{"n":1,"at":"';

/** A first line that was torn, and not the text of another file. */
function isBeginning(bytes: Buffer): boolean {
  const start = bytes.toString('latin1', 0, BEGINNING.length);
  return BEGINNING.startsWith(start) && bytes.length < LONGEST_LINE;
}

function failed(path: string, cause: unknown): BanyanError {
  if (isBanyanError(cause)) return cause;
  const message = `The audit log ${path} cannot be used: ${messageOf(cause)}`;
  return new BanyanError('AUDIT_FAILED', message, { field: 'path', cause });
}
