import { messageOf } from '../../kit/errors.js';
import { refusedField } from '../refused-field.js';
import { retryMs, WireFailure } from '../token/transport.js';

/** Errors of the AI SDK by which a provider says, before it sends anything, that it cannot be asked so. */
const UNASKED = [
  'AI_UnsupportedFunctionalityError',
  'AI_InvalidArgumentError',
  'AI_InvalidPromptError',
  'AI_LoadAPIKeyError',
  'AI_LoadSettingError',
  'AI_NoSuchModelError',
];

/** What a provider threw, or put in its stream, as a failure of one try. An APICallError has a status; what has none never came to an answer. */
export function failureOf(reason: unknown): WireFailure {
  if (reason instanceof WireFailure) return reason;
  const { name, statusCode, responseHeaders, responseBody } = Object(reason) as Record<string, unknown>;
  const message = messageOf(reason).slice(0, 500) || 'failed';
  if (typeof name === 'string' && UNASKED.includes(name)) return new WireFailure('refused', message, 0, reason);
  if (typeof statusCode !== 'number') return new WireFailure('broken', saidOf(reason, message), 0, reason);
  const words = `it says ${statusCode}: ${message}`;
  const waits = statusCode === 429 || statusCode === 503 || statusCode === 529;
  if (waits) return new WireFailure('busy', words, retryMs(Object(responseHeaders)), reason);
  if (statusCode >= 500 || statusCode < 300) return new WireFailure('broken', words, 0, reason);
  return new WireFailure('refused', words, 0, reason, refusedField(responseBody));
}

/** Errors in a stream are objects of the provider's. */
function saidOf(reason: unknown, message: string): string {
  if (reason instanceof Error || typeof reason !== 'object') return message;
  return `it failed: ${JSON.stringify(reason)?.slice(0, 500)}`;
}
