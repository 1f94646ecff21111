import { BanyanError, type ErrorCode } from '../kit/errors.js';
import type { NativeModelInfo } from '../native/reports/model-info.js';

type Limits = Pick<NativeModelInfo, 'maxContext' | 'longestToken'>;

/** Characters (UTF-16 code units) that are tokenized on the caller's thread at most: a few milliseconds. */
const MOST_AT_ONCE = 65_536;

/**
 * Refuses a text that cannot fit, whatever its tokens are: PROMPT_TOO_LONG. It has at least one byte a character, and no
 * token stands for more than `longestToken` bytes. It is not read, so this takes no time.
 */
export function checkTextFits(limits: Limits, text: string): void {
  const { maxContext, longestToken } = limits;
  if (!(longestToken > 0)) return;
  const least = Math.ceil(text.length / longestToken);
  if (least < maxContext) return;
  throw tooLong(`${text.length} characters, which are ${least} tokens or more`, least, maxContext);
}

/** Refuses a list of more tokens than a request may reach, before each of them is looked at. */
export function checkCountFits(limits: Limits, tokens: ArrayLike<number>): void {
  if (tokens.length < limits.maxContext) return;
  throw tooLong(`${tokens.length} tokens`, tokens.length, limits.maxContext);
}

/** Refuses what would keep the caller's thread busy. */
export function checkShort(field: string, text: { readonly length: number }, instead: string): void {
  if (text.length <= MOST_AT_ONCE) return;
  const message = `${field} has a length of ${text.length}: more than ${MOST_AT_ONCE} take ${instead}`;
  throw new BanyanError('INVALID_OPTION', message, { field });
}

function tooLong(size: string, promptTokens: number, limit: number): BanyanError {
  const code: ErrorCode = 'PROMPT_TOO_LONG';
  const advice = 'shorten it, or load with a larger maxContext or kvTokens';
  const message = `the prompt has ${size}, a request may reach ${limit}: ${advice}`;
  return new BanyanError(code, message, { field: 'prompt', promptTokens, limit });
}
