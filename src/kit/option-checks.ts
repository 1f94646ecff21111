import { types } from 'node:util';
import type { NumberRange } from '../native/option-kinds.js';
import { nearestName } from './advice/known-names.js';
import { BanyanError } from './errors.js';

// One check a kind of option. Each returns the value with its type, or throws INVALID_OPTION naming the field.

/** `hint` continues the sentence: what to write instead. */
export function invalidOption(field: string, expected: string, value: unknown, hint = ''): BanyanError {
  return new BanyanError('INVALID_OPTION', `${field} must be ${expected}, not ${shown(value)}${hint}`, { field });
}

const LONGEST_SHOWN = 60;

/** Whatever the caller passed, in a few words. */
function shown(value: unknown): string {
  if (typeof value === 'object' && value !== null) return isList(value) ? 'an array' : 'an object';
  if (typeof value === 'function') return 'a function';
  const text = typeof value === 'string' ? JSON.stringify(value.slice(0, LONGEST_SHOWN + 1)) : String(value);
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text;
}

/** A proxy that was revoked is none, and says so by throwing. */
function isList(value: object): boolean {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
}

export function checkObject(field: string, value: unknown): object {
  if (typeof value === 'object' && value !== null && !isList(value)) return value;
  throw invalidOption(field, 'an object', value);
}

/** An object whose keys are all known: a misspelt option is an error, not silence. */
export function checkKeys(field: string, value: unknown, known: readonly string[]): void {
  for (const key of Object.keys(checkObject(field, value))) {
    if (!known.includes(key)) throw unknownKey(field, key, known);
  }
}

/** Names what was likely meant, and everything that there is. */
function unknownKey(field: string, key: string, known: readonly string[]): BanyanError {
  const nearest = nearestName(key, known);
  const advice = nearest === undefined ? '' : `: did you mean "${nearest}"?`;
  const message = `${field} has no option ${shown(key)}${advice} (known: ${known.join(', ')})`;
  return new BanyanError('INVALID_OPTION', message, { field: key });
}

/** A number in [min, max]. */
export function checkNumber(field: string, value: unknown, min: number, max: number): number {
  return checkNumberIn(field, value, { min, max, whole: false });
}

/** A whole number in [min, max]. */
export function checkInteger(field: string, value: unknown, min: number, max: number): number {
  return checkNumberIn(field, value, { min, max, whole: true });
}

/** A number of a range, whole or a power of two where that says so; `word`: what else it may be. */
export function checkNumberIn(field: string, value: unknown, range: NumberRange, word?: string): number {
  const { min, max, whole, powerOfTwo = false } = range;
  if (typeof value === 'number' && value >= min && value <= max) {
    if (
      powerOfTwo
        ? Number.isInteger(Math.log2(value))
        : !whole || Number.isInteger(value) || value === Number.POSITIVE_INFINITY
    ) {
      return value;
    }
  }
  const kind = powerOfTwo ? 'a power of two' : whole ? 'a whole number' : 'a number';
  throw invalidOption(field, `${kind} in [${min}, ${max}]${word === undefined ? '' : ` or "${word}"`}`, value);
}

export function checkText(field: string, value: unknown): string {
  if (typeof value === 'string') return value;
  throw invalidOption(field, 'a string', value);
}

/**
 * A name, or what goes to the engine as it is: of two that differ none may become the other in UTF-8, which has no form for
 * half of a surrogate pair.
 */
export function checkName(field: string, value: unknown): string {
  if (checkText(field, value).isWellFormed()) return value as string;
  throw new BanyanError('INVALID_OPTION', `${field} has half of a surrogate pair, which is no character`, { field });
}

export function checkFlag(field: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw invalidOption(field, 'true or false', value);
}

export function checkOneOf<T extends string>(field: string, value: unknown, choices: readonly T[]): T {
  if (choices.includes(value as T)) return value as T;
  throw invalidOption(field, `one of ${choices.map((choice) => `"${choice}"`).join(', ')}`, value);
}

export function checkSignal(field: string, value: unknown): AbortSignal {
  // A proxy or an imitation passes `instanceof` and throws when it is listened to.
  if (typeof value === 'object' && !types.isProxy(value) && value instanceof AbortSignal && isReal(value)) return value;
  throw invalidOption(field, 'an AbortSignal', value);
}

export function checkFunction<T>(field: string, value: T): T {
  if (typeof value === 'function') return value;
  throw invalidOption(field, 'a function', value);
}

function isReal(signal: AbortSignal): boolean {
  try {
    return typeof signal.aborted === 'boolean';
  } catch {
    return false;
  }
}
