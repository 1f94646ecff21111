import { types } from 'node:util';
import { messageOf } from '../../kit/errors.js';
import { bytesOf, bytesValue } from './result-bytes.js';

/** Items that are taken of an iterable, and names of an object: more would be sorted or counted for longer than it is worth. */
const MOST_ITEMS = 100_000;
const DEEPEST = 100;

/** Ends the writing: there is enough. */
const FULL = Symbol('full');

/** A value that has no JSON of its own; what stands for it does. */
type Stand = { value: unknown } | undefined;

/**
 * Any JavaScript value as JSON text with sorted keys and no spaces; equal to `canonicalJson` for what is plain JSON. What JSON
 * has no form for is written as people expect: integers of any size as digits, a Map as an object, a Set and other iterables as
 * lists, an Error as its message. What cannot be read (a getter that throws, a circle) is a text in brackets in its place.
 * Never throws. After about `most` characters it stops, and `whole` is false.
 */
export function writeResult(value: unknown, most: number): { text: string; whole: boolean } {
  const writer = new ResultWriter(most);
  try {
    writer.write(value, '');
    return { text: writer.text(), whole: true };
  } catch {
    return { text: writer.text(), whole: false };
  }
}

class ResultWriter {
  readonly #most: number;
  readonly #parts: string[] = [];
  readonly #inside = new Set<object>();
  #length = 0;

  constructor(most: number) {
    this.#most = most;
  }

  text(): string {
    return this.#parts.join('');
  }

  write(value: unknown, key: string): void {
    if (typeof value !== 'object' || value === null) this.#put(primitive(value, this.#most));
    else if (this.#inside.has(value)) this.#note('circular');
    else if (this.#inside.size >= DEEPEST) this.#note(`deeper than ${DEEPEST} levels`);
    else {
      this.#inside.add(value);
      this.#object(value, key);
      this.#inside.delete(value);
    }
  }

  #object(value: object, key: string): void {
    const began = this.#parts.length;
    const length = this.#length;
    try {
      const stand = standFor(value, key);
      if (stand && stand.value !== value) this.write(stand.value, key);
      else if (Array.isArray(value)) this.#list(value);
      else this.#fields(value);
    } catch (reason) {
      if (reason === FULL) throw reason;
      this.#parts.length = began; // nothing of what could not be read to its end
      this.#length = length;
      this.#note(`cannot be shown: ${messageOf(reason)}`);
    }
  }

  #list(list: readonly unknown[]): void {
    this.#put('[');
    for (let index = 0; index < list.length; index++) {
      if (index > 0) this.#put(',');
      this.#item(() => list[index], `${index}`);
    }
    this.#put(']');
  }

  #fields(object: object): void {
    let first = true;
    this.#put('{');
    for (const key of sortedKeys(object)) {
      const value = this.#read(() => (object as Record<string, unknown>)[key]);
      if (value === undefined || typeof value === 'function') continue;
      this.#put(`${first ? '' : ','}${JSON.stringify(key.toWellFormed())}:`);
      this.write(value, key);
      first = false;
    }
    this.#put('}');
  }

  #item(get: () => unknown, key: string): void {
    this.write(this.#read(get), key);
  }

  /** One field that cannot be read hides no other. */
  #read(get: () => unknown): unknown {
    try {
      return get();
    } catch (reason) {
      return `[cannot be shown: ${messageOf(reason)}]`;
    }
  }

  #note(text: string): void {
    this.#put(JSON.stringify(`[${text.toWellFormed()}]`));
  }

  #put(text: string): void {
    this.#parts.push(text);
    this.#length += text.length;
    if (this.#length > this.#most) throw FULL;
  }
}

function primitive(value: unknown, most: number): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value.slice(0, most + 1).toWellFormed());
    case 'number':
      return Number.isFinite(value) ? JSON.stringify(value) : `"${value}"`;
    case 'symbol':
      return JSON.stringify(`[${String(value)}]`);
    case 'function':
      return '"[a function]"';
    default:
      return value === undefined ? 'null' : String(value);
  }
}

/** Keys in the order in which JSON.stringify writes a sorted object: whole numbers first. */
function sortedKeys(object: object): string[] {
  const sorted: Record<string, true> = Object.create(null);
  for (const key of Object.keys(object).slice(0, MOST_ITEMS).sort()) sorted[key] = true;
  return Object.keys(sorted);
}

/** Undefined: it is a list or an object with fields, and stands for itself. */
function standFor(value: object, key: string): Stand {
  if (types.isBoxedPrimitive(value)) return { value: value.valueOf() };
  if (types.isRegExp(value)) return { value: String(value) };
  if (types.isDate(value)) return { value: Number.isNaN(value.getTime()) ? '[no date]' : value.toISOString() };
  const bytes = bytesOf(value);
  if (bytes) return { value: bytesValue(bytes) };
  if (types.isNativeError(value)) return { value: errorFields(value) };
  const { toJSON } = value as { toJSON?: unknown };
  if (typeof toJSON === 'function') return { value: toJSON.call(value, key) };
  if (types.isPromise(value)) return { value: '[a promise that was not awaited]' };
  if (types.isMap(value)) return { value: mapFields(value) };
  if (types.isTypedArray(value)) return { value: taken(value as Iterable<unknown>) };
  if (value instanceof Headers) return { value: Object.fromEntries(value) };
  if (value instanceof URLSearchParams) return { value: value.toString() };
  if (Array.isArray(value)) return undefined;
  if (Symbol.iterator in value) return { value: taken(value as Iterable<unknown>) };
  if (value instanceof Response) return { value: `[a response of status ${value.status} whose body was not read]` };
  return hasNothingToShow(value) ? { value: inWords(value) } : undefined;
}

/** An error's message, and what caused it. Not its other fields: HTTP libraries keep the request there, with its secrets. */
function errorFields(error: Error): object {
  const { name, message, cause, code, errors } = error as Error & { code?: unknown; errors?: unknown };
  return {
    error: message || name,
    ...((typeof code === 'string' || typeof code === 'number') && { code }),
    ...(types.isNativeError(cause) && { cause }),
    ...(Array.isArray(errors) && { errors }),
  };
}

/** An object when its keys are texts that stay apart, else its pairs. */
function mapFields(map: ReadonlyMap<unknown, unknown>): unknown {
  if (map.size > MOST_ITEMS) return taken(map);
  const keys = new Set<string>();
  for (const key of map.keys()) if (typeof key !== 'object' && typeof key !== 'function') keys.add(String(key));
  if (keys.size < map.size) return [...map];
  const fields: Record<string, unknown> = Object.create(null);
  for (const [key, value] of map) fields[String(key)] = value;
  return fields;
}

function taken(items: Iterable<unknown>): unknown[] {
  const list: unknown[] = [];
  for (const item of items) {
    if (list.length === MOST_ITEMS) {
      list.push(`[more than ${MOST_ITEMS} items]`);
      break;
    }
    list.push(item);
  }
  return list;
}

/** True for an object of a class whose state is private: `{}` would say that it has none. */
function hasNothingToShow(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype !== null && Object.getPrototypeOf(prototype) !== null && Object.keys(value).length === 0;
}

function inWords(value: object): string {
  const text = String(value);
  return text.startsWith('[object ') ? `[${value.constructor?.name || 'an object'}]` : text;
}
