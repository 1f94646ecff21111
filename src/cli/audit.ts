import { AuditLog } from '../audit/audit-log.js';
import { type AuditReport, verifyAudit } from '../audit/verify-audit.js';
import { BanyanError } from '../kit/errors.js';

export interface AuditFlags {
  /** Path of the log. */
  audit?: string;
  auditTexts: boolean;
}

/** The secret of a log is no flag: other users of the machine see those. */
const key = () => process.env.BANYAN_AUDIT_KEY;

/** Undefined: none is asked for. Rejects with INVALID_OPTION, AUDIT_FAILED. */
export async function openAudit({ audit, auditTexts: texts }: AuditFlags): Promise<AuditLog | undefined> {
  return audit === undefined ? undefined : AuditLog.open(audit, { texts, key: key() });
}

/** `banyan audit verify`: whether a log is as it was written. Exit code 1: it is not, and the first wrong entry is named. */
export async function verify(path: string, { head, json }: { head?: string; json: boolean }): Promise<void> {
  const report = await verifyAudit(path, { key: key(), head: head === undefined ? undefined : readHead(head) });
  process.stdout.write(`${json ? JSON.stringify(report) : inWords(report)}\n`);
  if (!report.ok) process.exitCode = 1;
}

function inWords({ ok, entries, damaged, closed, lost, cuts, head }: AuditReport): string {
  const lines = ok
    ? [`whole: ${entries} entries`]
    : [`entry ${damaged?.entry}: ${damaged?.why}`, `entries before it: ${entries}`];
  for (const { entry, bytes } of cuts)
    lines.push(`entry ${entry} says that ${bytes} bytes of a torn line were cut off before it`);
  if (lost > 0) lines.push(`${lost} entries were lost: the disk was too slow for them`);
  if (ok && !closed)
    lines.push('it does not end with its close: it is being written, its process was killed, or its end was cut off');
  lines.push(`head: ${head.entry}:${head.chain}`);
  return lines.join('\n');
}

/** `entry:chain`, as it is printed. */
function readHead(text: string): { entry: number; chain: string } {
  const [, entry, chain] = /^(\d+):(.+)$/.exec(text) ?? [];
  if (entry !== undefined && chain !== undefined) return { entry: Number(entry), chain };
  throw new BanyanError('INVALID_OPTION', '--head is entry:chain, as this command prints it', { field: 'head' });
}
