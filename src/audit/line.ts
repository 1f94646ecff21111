import { chained } from '../kit/files/hash-chain.js';
import type { AuditEntry } from './entry.js';

/** Bytes of a line at most: entries are small, or their texts are cut. */
export const LONGEST_LINE = 4 * 2 ** 20;
export const NEWLINE = 10;

/** What the first entry of a log follows. */
export const origin = (key: string | undefined): string => chained('banyan audit', '', key);

/** A position in the log: its last entry, whose checksum holds all before it. */
export interface AuditHead {
  /** Number of the entry; 0: there is none. */
  readonly entry: number;
  readonly chain: string;
}

const END = /,"chain":"([A-Za-z0-9+/]{43}=)"\}$/;

/** The line of an entry behind `before`, and the head that it makes. */
export function writeLine(
  entry: AuditEntry,
  before: AuditHead,
  key: string | undefined,
): { line: string; head: AuditHead } {
  const body = JSON.stringify(entry);
  const chain = chained(before.chain, body, key);
  return { line: `${body.slice(0, -1)},"chain":"${chain}"}\n`, head: { entry: entry.n, chain } };
}

/** A line without its end, taken apart; undefined: no log wrote it. */
export function readLine(line: Uint8Array): { entry: AuditEntry; body: string; chain: string } | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(line);
    const chain = END.exec(text)?.[1];
    if (chain === undefined) return undefined;
    const body = text.replace(END, '}');
    const entry = JSON.parse(body) as AuditEntry;
    return Number.isSafeInteger(entry.n) && typeof entry.type === 'string' ? { entry, body, chain } : undefined;
  } catch {
    return undefined;
  }
}
