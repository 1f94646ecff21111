import { complete } from '../kit/complete-options.js';
import { readTable } from '../kit/option-table.js';
import { type Complete, number, type OptionsOf } from '../native/option-kinds.js';

/** setTimeout's largest, 24 days. */
const MOST = 2 ** 31 - 1;
const FROM_ONE = { min: 1, max: MOST, whole: true };

export const LIMITS = {
  /** Turns of the model, 1 to 2,147,483,647; in the last one it must answer without tools. Default 16. */
  maxSteps: number(FROM_ONE, 16),
  /** Calls of tools, 0 to 2,147,483,647; further ones are refused, and the model is told. Default 64. */
  maxToolCalls: number({ ...FROM_ONE, min: 0 }, 64),
  /** Milliseconds of the whole run, 1 to 2,147,483,647. Default 2,147,483,647: none. */
  timeoutMs: number(FROM_ONE, MOST),
  /** Tokens generated in the whole run, 1 to 2,147,483,647. Default 1,073,741,824: none. */
  maxTokens: number(FROM_ONE, 2 ** 30),
  /** Milliseconds of one tool that says none itself, 1 to 2,147,483,647. Default 60,000. */
  toolTimeoutMs: number(FROM_ONE, 60_000),
  /** Characters of one tool result that the model reads, 1 to 2,147,483,647; fewer when the context has no room. Default 8,192. */
  toolResultLimit: number(FROM_ONE, 8_192),
};

/** A run that meets a limit ends well, with what it has and a `stopReason`. */
export interface Limits extends Complete<typeof LIMITS> {}

/** Throws INVALID_OPTION. */
export function toLimits(given: OptionsOf<typeof LIMITS> = {}): Limits {
  return complete(LIMITS, readTable('limits', given, LIMITS, 'limits.'));
}
