import { createHash, createHmac } from 'node:crypto';

export const AUDIT_VERSION = 1;

/** A text of a call, as a log holds it. */
export interface AuditText {
  readonly characters: number;
  /** SHA-256 of its UTF-8 in base64; with a key of the log, an HMAC. */
  readonly digest: string;
  /** The text itself, where the log keeps texts: its first characters. */
  readonly text?: string | undefined;
}

/** Whose call it is. */
export interface AuditOwner {
  readonly tenant: string;
  /** Id of the agent run, the one in its journal. */
  readonly run: string;
}

/** Whose request it is, where an engine is recorded. */
export interface RequestOwner {
  readonly tenant: string;
  /** What its owner calls it; of a server's requests the one in `x-request-id`. */
  readonly label: string;
  /** Number of the program that it is of. */
  readonly program: number;
}

/** What a model read, what it said, and what that took. */
export interface ModelAnswer {
  /** Digest of the weights. */
  readonly model: string;
  readonly read: AuditText;
  readonly answer: AuditText;
  readonly calls: readonly string[];
  readonly finishReason: string;
  readonly promptTokens: number;
  /** Null: not known. */
  readonly cachedTokens: number | null;
  readonly outputTokens: number;
  readonly ms: number;
}

/** What happened. Texts are AuditText. */
export type AuditEvent =
  /** A request of an engine has ended, of any caller: the whole conversation that it read, and its answer. */
  | (RequestOwner & ModelAnswer & { type: 'request' })
  /** A request of an engine has failed. */
  | (RequestOwner & { type: 'request-failed'; model: string; code: string })
  /** The text of a request, tokens [from, to) of its prompt and answer, was shown to an administrator. `by`: the tenant whose key it was; '': clients are not told apart. */
  | (RequestOwner & { type: 'text-read'; by: string; from: number; to: number })
  /** Vectors of texts were made. */
  | { type: 'embed'; tenant: string; model: string; texts: number; read: AuditText; promptTokens: number; ms: number }
  | (AuditOwner & { type: 'run'; input: AuditText; resumed: boolean })
  /** A call of the model has ended: what it read anew and what it said. */
  | (AuditOwner &
      ModelAnswer & {
        type: 'model';
        step: number;
        /** Another call of the model, before this one: a summary of what the conversation forgot. */
        summary?: { text: AuditText; promptTokens: number; outputTokens: number } | undefined;
      })
  /** A call of the model has failed. */
  | (AuditOwner & { type: 'model-failed'; step: number; model: string; code: string })
  /** A tool is about to get a call. */
  | (AuditOwner & { type: 'call'; step: number; callId: string; tool: string; arguments: AuditText })
  /** A pure tool is about to get a call that the model has not made, and may never make. */
  | (AuditOwner & { type: 'ahead'; tool: string; arguments: AuditText })
  | (AuditOwner & {
      type: 'result';
      step: number;
      callId: string;
      tool: string;
      ok: boolean;
      result: AuditText;
      ms: number;
    })
  /** How a run ended: its stopReason, or the code of its error. */
  | (AuditOwner & { type: 'end'; reason: string });

/** What a log says of itself. */
export type LogEvent =
  /** A process begins to write. `cut`: bytes of a torn last line that it took away, which a process before it was killed in. */
  | { type: 'open'; version: number; cut: number }
  /** Entries that were not written, because the disk was too slow for all. */
  | { type: 'lost'; entries: number }
  | { type: 'close' };

/** A line of the log is an entry with its number from 1, its time and, at its end, its checksum. */
export type AuditEntry = (AuditEvent | LogEvent) & { readonly n: number; readonly at: string };

/** `most`: characters that are kept of the text itself; 0: none. */
export function auditText(text: string, most: number, key: string | undefined): AuditText {
  const hash = key === undefined ? createHash('sha256') : createHmac('sha256', key);
  const digest = hash.update(text).digest('base64');
  const kept = text.slice(0, most).toWellFormed();
  return { characters: text.length, digest, ...(most > 0 && { text: kept }) };
}
