import { asBanyanError, type BanyanError, type ErrorCode } from '../../kit/errors.js';

/** A failure as HTTP has it, before a face gives it its shape. */
export interface HttpFailure {
  status: 400 | 401 | 403 | 404 | 405 | 413 | 426 | 429 | 500 | 503;
  /** Word for programs, such as `context_length_exceeded`. */
  code: string;
  message: string;
  /** Field of the body at fault. */
  param?: string | undefined;
  /** Of a prompt that is too long: its tokens, or less where they were not counted, and how many it may have with its answer. */
  context?: { tokens: number; limit: number } | undefined;
  /** Milliseconds after which the same request is likely to be taken. */
  retryAfterMs?: number | undefined;
}

/** A failure that the server itself found: no such route, a body that is too large, a wrong key ... */
export class HttpError extends Error {
  readonly failure: HttpFailure;

  constructor(status: HttpFailure['status'], code: string, message: string, param?: string, retryAfterMs?: number) {
    super(message);
    this.failure = { status, code, message, param, retryAfterMs };
  }
}

/** Statuses of the codes that are no fault of the caller; all others are 400. */
const STATUS: Partial<Record<ErrorCode, HttpFailure['status']>> = {
  BACKPRESSURE: 429,
  CLOSED: 503,
  OUT_OF_MEMORY: 503,
  STEP_FAILED: 500,
  ENGINE_FAILED: 500,
  INVALID_OUTPUT: 500,
  ABORTED: 503,
};

/** Words that clients already know for a code of ours; all others are the code in lower case. */
const WORDS: Partial<Record<ErrorCode, string>> = {
  PROMPT_TOO_LONG: 'context_length_exceeded',
  BACKPRESSURE: 'rate_limit_exceeded',
};

/** Anything that was thrown. `rename` gives the body's name of an option's field. Never throws. */
export function toHttpFailure(reason: unknown, rename: (field: string) => string = (field) => field): HttpFailure {
  if (reason instanceof HttpError) return reason.failure;
  const { code, message, field, retryAfter, promptTokens, limit }: BanyanError = asBanyanError(reason);
  const failure: HttpFailure = {
    status: STATUS[code] ?? 400,
    code: WORDS[code] ?? code.toLowerCase(),
    message: field === undefined ? message : message.replaceAll(field, rename(field)),
    param: field === undefined ? undefined : rename(field),
    context: promptTokens !== undefined && limit !== undefined ? { tokens: promptTokens, limit } : undefined,
    retryAfterMs: retryAfter,
  };
  // A temporary lack of room without an estimate: a second is when most clients would ask again anyway.
  if (failure.status === 429 || failure.status === 503) failure.retryAfterMs ??= 1_000;
  return failure;
}

/** Headers by which both official SDKs decide whether and when they try again. */
export function retryHeaders({ status, retryAfterMs }: HttpFailure): Record<string, string> {
  if (retryAfterMs === undefined) return status >= 500 ? { 'x-should-retry': 'false' } : {};
  return {
    'retry-after': String(Math.ceil(retryAfterMs / 1_000)),
    'retry-after-ms': String(Math.ceil(retryAfterMs)),
    'x-should-retry': 'true',
  };
}

/** Of a route that is not here, and what was meant: most often the base URL is wrong. */
export function noRoute(method: string, path: string): HttpError {
  return new HttpError(404, 'not_found', `No route ${method} ${path}${advice(path)}`);
}

function advice(path: string): string {
  if (path.startsWith('/v1/v1/')) return ": leave out the /v1 of the base URL, as for Anthropic's SDKs";
  if (/^\/(chat|completions|responses|embeddings|models)\b/.test(path)) {
    return ": the base URL ends with /v1, as for OpenAI's SDKs";
  }
  if (path === '/' || path === '/v1' || path === '/v1/') {
    return ': requests go to POST /v1/chat/completions, /v1/responses or /v1/messages; /inspector is for a browser';
  }
  return '';
}
