import type { HttpFailure } from '../http/http-error.js';

/** A failure in Anthropic's shape. Clients look for "prompt is too long" to know that they have to shorten a conversation. */
export function anthropicError(failure: HttpFailure, requestId: string): object {
  const { code, context, param } = failure;
  const named = param === undefined || failure.message.startsWith(param);
  const why = named ? failure.message : `${param}: ${failure.message}`; // there is no field for it
  const size = context ? `${context.tokens} tokens > ${context.limit} maximum` : why;
  const message = code === 'context_length_exceeded' ? `prompt is too long: ${size}` : why;
  return { type: 'error', error: { type: typeOf(failure.status), message }, request_id: requestId };
}

function typeOf(status: HttpFailure['status']): string {
  if (status === 401) return 'authentication_error';
  if (status === 403) return 'permission_error';
  if (status === 404) return 'not_found_error';
  if (status === 413) return 'request_too_large';
  if (status === 429) return 'rate_limit_error';
  if (status === 503) return 'overloaded_error';
  return status >= 500 ? 'api_error' : 'invalid_request_error';
}
