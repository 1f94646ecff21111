import { constants, type FileHandle } from 'node:fs/promises';
import { BanyanError, messageOf } from '../kit/errors.js';
import { chained } from '../kit/files/hash-chain.js';
import { checkInteger, checkName, checkObject, checkText } from '../kit/option-checks.js';
import { readTable } from '../kit/option-table.js';
import { openPrivate } from '../kit/private-file.js';
import { readOptions } from '../kit/read-options.js';
import { type OptionsOf, other, text } from '../native/option-kinds.js';
import { type AuditHead, LONGEST_LINE, NEWLINE, origin, readLine } from './line.js';

/** The table of VerifyAuditOptions. */
export const VERIFY_AUDIT = {
  /** Secret of the log. Default: none. */
  key: text(),
  /** Position that `log.head` gave and that was kept elsewhere: the log must still hold it. Default: none. */
  head: other<AuditHead>('{ entry, chain }', readHead),
};

export interface VerifyAuditOptions extends OptionsOf<typeof VERIFY_AUDIT> {}

/** What is known of a log. */
export interface AuditReport {
  /** True: every entry is as it was written, and where it was written. */
  ok: boolean;
  /** Entries from the first on that are so. */
  entries: number;
  /** The first entry that is not. */
  damaged: { entry: number; why: string } | undefined;
  /** The last entry says that the log was closed. False: it is open, its process was killed, or the end was cut off (`head` tells). */
  closed: boolean;
  /** Entries that a log itself says it could not write. */
  lost: number;
  /** Where a process went on after one that was killed inside a line: the entry that says so, and the bytes that it took away. */
  cuts: { entry: number; bytes: number }[];
  /** The last entry that is as it was written. */
  head: AuditHead;
}

/** Whether a log is as it was written. Reads it once, in pieces. Rejects with AUDIT_FAILED when it cannot be read, INVALID_OPTION. */
export async function verifyAudit(path: string, given: VerifyAuditOptions = {}): Promise<AuditReport> {
  const { key, head } = readTable('options', given, VERIFY_AUDIT);
  const file = await opened(checkName('path', path));
  try {
    return await report(file, key, head);
  } finally {
    await file.close();
  }
}

async function report(file: FileHandle, key: string | undefined, kept: AuditHead | undefined): Promise<AuditReport> {
  let head: AuditHead = { entry: 0, chain: origin(key) };
  let closed = false;
  let lost = 0;
  const cuts: AuditReport['cuts'] = [];
  const done = (why?: string): AuditReport => {
    const damaged = why === undefined ? undefined : { entry: head.entry + 1, why };
    return { ok: !damaged, entries: head.entry, damaged, closed: closed && !damaged, lost, cuts, head };
  };
  for await (const { line, whole } of linesOf(file)) {
    if (!whole) return done('it was cut: the line has no end');
    const read = readLine(line);
    if (!read) return done('it is no entry of a log');
    const { entry, body, chain } = read;
    if (entry.n !== head.entry + 1) {
      return done(
        entry.n > head.entry
          ? `it is missing: entry ${entry.n} stands in its place`
          : `entry ${entry.n} was added here`,
      );
    }
    if (chain !== chained(head.chain, body, key))
      return done('it is not as it was written, or does not follow what stands before it');
    if (entry.n === kept?.entry && chain !== kept.chain) return done('it is not the one that was written');
    if (entry.n === 1 && entry.type !== 'open') return done('no log begins so');
    head = { entry: entry.n, chain };
    closed = entry.type === 'close';
    if (entry.type === 'lost') lost += entry.entries;
    if (entry.type === 'open' && entry.cut > 0) cuts.push({ entry: entry.n, bytes: entry.cut });
  }
  if (kept && kept.entry > head.entry) return done(`it is missing: the log had ${kept.entry} entries`);
  return head.entry === 0 ? done('there is none: no log begins so') : done();
}

/** Lines without their ends; the last one may have none. One that is too long for an entry ends the reading. */
async function* linesOf(file: FileHandle): AsyncGenerator<{ line: Buffer; whole: boolean }, void, undefined> {
  let rest = Buffer.alloc(0);
  for (let at = 0; ; ) {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(2 ** 20), 0, 2 ** 20, at);
    if (bytesRead === 0) break;
    at += bytesRead;
    rest = Buffer.concat([rest, buffer.subarray(0, bytesRead)]);
    let begin = 0;
    for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE, begin)) {
      yield { line: rest.subarray(begin, end), whole: true };
      begin = end + 1;
    }
    rest = rest.subarray(begin);
    if (rest.length > LONGEST_LINE) return yield { line: rest, whole: true };
  }
  if (rest.length > 0) yield { line: rest, whole: false };
}

async function opened(path: string): Promise<FileHandle> {
  try {
    const file = await openPrivate(path, constants.O_RDONLY, false);
    if ((await file.stat()).isFile()) return file;
    await file.close();
    throw new Error('it is no file');
  } catch (cause) {
    const message = `The audit log ${path} cannot be read: ${messageOf(cause)}`;
    throw new BanyanError('AUDIT_FAILED', message, { field: 'path', cause });
  }
}

function readHead(field: string, value: unknown): AuditHead {
  const { entry, chain } = readOptions(field, checkObject(field, value) as AuditHead, ['entry', 'chain']);
  return {
    entry: checkInteger(`${field}.entry`, entry, 0, Number.MAX_SAFE_INTEGER),
    chain: checkText(`${field}.chain`, chain),
  };
}
