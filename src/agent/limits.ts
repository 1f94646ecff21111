import { checkInteger } from '../kit/option-checks.js';
import { readOptions } from '../kit/read-options.js';

/** A run that meets a limit ends well, with what it has and a `stopReason`. */
export interface Limits {
  /** Turns of the model. In the last one it must answer without tools. Default 16. */
  maxSteps: number;
  /** Further calls are refused, and the model is told. Default 64. */
  maxToolCalls: number;
  /** Time for the whole run. Default: none. */
  timeoutMs: number;
  /** Tokens generated in the whole run. Default: none. */
  maxTokens: number;
  /** Time for one tool that says none itself. Default 60,000. */
  toolTimeoutMs: number;
  /** Characters of one tool result that the model reads; fewer when the context has no room. Default 8,192. */
  toolResultLimit: number;
}

const DEFAULTS: Limits = {
  maxSteps: 16,
  maxToolCalls: 64,
  timeoutMs: 2 ** 31 - 1, // setTimeout's largest, 24 days
  maxTokens: 2 ** 30,
  toolTimeoutMs: 60_000,
  toolResultLimit: 8_192,
};

/** Throws INVALID_OPTION. */
export function toLimits(given: Partial<Limits> = {}): Limits {
  const limits = readOptions('limits', given, Object.keys(DEFAULTS));
  const whole = { ...DEFAULTS };
  for (const name of Object.keys(DEFAULTS) as (keyof Limits)[]) {
    whole[name] = checkInteger(
      `limits.${name}`,
      limits[name] ?? DEFAULTS[name],
      name === 'maxToolCalls' ? 0 : 1,
      DEFAULTS.timeoutMs,
    );
  }
  return whole;
}
