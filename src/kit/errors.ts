import type { CallUsage } from '../native/reports/usage.js';

/** What went wrong, in one word that programs can switch on. */
const ERROR_CODES = [
  'INVALID_OPTION', // `field` names it
  'INVALID_MESSAGES',
  'INVALID_TOOLS',
  'INVALID_SCHEMA',
  'INVALID_GRAMMAR',
  'INVALID_TEMPLATE',
  'INVALID_OUTPUT', // the answer did not pass the caller's own schema; `answer` holds it
  'MODEL_NOT_FOUND',
  'MODEL_INVALID',
  'MODEL_UNSUPPORTED',
  'DOWNLOAD_FAILED',
  'OUT_OF_MEMORY',
  'PROMPT_TOO_LONG',
  'BACKPRESSURE', // too much is waiting for the caller's limit; `retryAfter` says when it may fit
  'SESSION_BUSY', // two turns at once on one session
  'TRACE_INVALID', // damaged, or no recording or log at all; `field` names the line
  'RECORDING_FAILED', // the file of a recording could not be written to its end
  'JOURNAL_INVALID', // damaged, or no journal at all; nothing was run
  'JOURNAL_MISMATCH', // it is of another agent, model or run; the message says what differs
  'JOURNAL_BUSY', // another run writes it
  'JOURNAL_FAILED', // it cannot be read or written: no such folder, disk full ...; what was to be announced was not done
  'AUDIT_FAILED', // the audit log cannot be opened or written, or another process writes it; no model is called unrecorded
  'CACHE_FAILED', // the directory of a disk cache cannot be looked into or emptied
  'EFFECT_UNKNOWN', // a step of a run began before its process ended: it may have had its effect
  'NO_NATIVE_ENGINE',
  'CLOSED',
  'ABORTED',
  'REMOTE_FAILED', // an engine elsewhere cannot be reached, refuses, or answers what it must not
  'STREAM_BROKEN', // an answer of an engine elsewhere broke off and could not be continued
  'STEP_FAILED', // the model could not compute a step: out of device memory, NaN ...
  'ENGINE_FAILED',
] as const;

/** One of the codes above. */
export type ErrorCode = (typeof ERROR_CODES)[number];

/** What the model had answered when INVALID_OUTPUT was thrown. */
export interface RejectedAnswer {
  /** As `GenerationResult.text`. */
  readonly text: string;
  /** As sampled. */
  readonly tokens: readonly number[];
  /** What it cost. */
  readonly usage: CallUsage;
}

/** The only error type that Banyan throws or rejects with. The engine lives on after every one of them. */
export class BanyanError extends Error {
  override readonly name = 'BanyanError';
  readonly code: ErrorCode;
  /** Path of the option, message or argument at fault, e.g. `tools[0].input`. */
  readonly field: string | undefined;
  /** With BACKPRESSURE: milliseconds until the same request is likely to be taken. */
  readonly retryAfter: number | undefined;
  /** With PROMPT_TOO_LONG: tokens of the prompt; at least so many where it was refused before it became tokens. */
  readonly promptTokens: number | undefined;
  /** With PROMPT_TOO_LONG: tokens that a request may reach, its prompt and its answer. */
  readonly limit: number | undefined;
  /** With INVALID_OUTPUT: the answer that does not pass the schema. */
  readonly answer: RejectedAnswer | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    details: {
      field?: string | undefined;
      retryAfter?: number | undefined;
      promptTokens?: number | undefined;
      limit?: number | undefined;
      answer?: RejectedAnswer | undefined;
      cause?: unknown;
    } = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.field = details.field;
    this.retryAfter = details.retryAfter;
    this.promptTokens = details.promptTokens;
    this.limit = details.limit;
    this.answer = details.answer;
  }
}

/** Native fields that have another name in the options of this layer. */
const FIELD_NAMES: Record<string, string> = {
  modelPath: 'model',
  kvTypeK: 'kvType.k',
  kvTypeV: 'kvType.v',
  jsonSchema: 'schema',
  salt: 'tenant',
};

/** What a native error may say beside what is wrong. */
const NATIVE_DETAILS = ['code', 'field', 'message', 'retryAfterMs', 'promptTokens', 'limit'] as const;

/** Native code throws plain errors with `code` and sometimes `field`; every other failure becomes ENGINE_FAILED. Never throws. */
export function asBanyanError(reason: unknown): BanyanError {
  if (isBanyanError(reason)) return reason;
  const [code, field, message, retryAfterMs, promptTokens, limit] = NATIVE_DETAILS.map((name) => fieldOf(reason, name));
  return new BanyanError(
    ERROR_CODES.find((known) => known === code) ?? 'ENGINE_FAILED',
    typeof message === 'string' ? message : messageOf(reason),
    {
      field: typeof field === 'string' ? publicField(field) : undefined,
      retryAfter: typeof retryAfterMs === 'number' && retryAfterMs > 0 ? retryAfterMs : undefined,
      promptTokens: typeof promptTokens === 'number' ? promptTokens : undefined,
      limit: typeof limit === 'number' ? limit : undefined,
      cause: reason,
    },
  );
}

/** True for a BanyanError of this code. */
export function hasCode(reason: unknown, code: ErrorCode): reason is BanyanError {
  return isBanyanError(reason) && reason.code === code;
}

/** False for what cannot be looked at, like a proxy that was revoked. */
export function isBanyanError(reason: unknown): reason is BanyanError {
  try {
    return reason instanceof BanyanError;
  } catch {
    return false;
  }
}

/** What a getter or a proxy threw while `field` was read, as INVALID_OPTION; a BanyanError stays as it is. */
export function asUnreadable(field: string, cause: unknown): BanyanError {
  if (isBanyanError(cause)) return cause;
  return new BanyanError('INVALID_OPTION', `${field} cannot be read: ${messageOf(cause)}`, { field, cause });
}

/** Undefined also when a getter throws: anything can be thrown. */
function fieldOf(reason: unknown, name: string): unknown {
  try {
    return (Object(reason) as Record<string, unknown>)[name];
  } catch {
    return undefined;
  }
}

/** What went wrong in words, whatever was thrown. */
export function messageOf(reason: unknown): string {
  try {
    return String(reason instanceof Error ? reason.message : reason);
  } catch {
    return 'what was thrown has no text'; // an object without a prototype, a getter that throws ...
  }
}

function publicField(field: string): string {
  return FIELD_NAMES[field] ?? field.replace(/^sampling\./, '');
}
