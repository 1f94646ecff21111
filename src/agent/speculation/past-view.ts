import { fieldsOf } from './fields.js';
import { LOOKED_BACK, type RunPast } from './run-past.js';

/** Characters of a result that are read as JSON. */
const MOST_JSON = 65_536;
/** Characters of a text that are taken apart into words, and how many from each end. */
const MOST_TEXT = 4_096;
const MOST_WORDS = 32;
/** Places of one value that are told. */
const MOST_PLACES = 8;

/**
 * A run's past as places that arguments can be copied from, each with the JSON of what is there. A place is a text:
 *
 *     i""  i#0  i#-1     the input: whole, its first word, its last      i["city"]   a field of it, where it is JSON
 *     r1["files",0]      a field of the last call's result               a2["path"]  of the arguments of the call before it
 *     c"Oslo"            no place but the value itself
 *
 * Words are runs of letters, digits and `._-/@:`, without a stop at their end.
 */
export class PastView {
  readonly #past: RunPast;
  #values: Map<string, string> | undefined;
  readonly #places = new Map<string, string[]>();

  constructor(past: RunPast) {
    this.#past = past;
  }

  /** The JSON of what is there; undefined: nothing. */
  at(place: string): string | undefined {
    return place.startsWith('c') ? place.slice(1) : this.#read().get(place);
  }

  /** At most 8 places of a value, the latest first; itself last, but first where it is too short to be no accident. */
  placesOf(text: string): string[] {
    this.#read();
    const places = (this.#places.get(text) ?? []).slice(0, MOST_PLACES - 1);
    return text.length < 3 ? [`c${text}`, ...places] : [...places, `c${text}`];
  }

  /** All places are read once, when the first is asked for. */
  #read(): Map<string, string> {
    if (this.#values) return this.#values;
    this.#values = new Map();
    const { calls, input } = this.#past;
    for (const [index, { input: given, result }] of calls.slice(-LOOKED_BACK).reverse().entries()) {
      if (result !== undefined) this.#addText(`r${index + 1}`, result);
      this.#addFields(`a${index + 1}`, given);
    }
    this.#addText('i', input);
    return this.#values;
  }

  #addText(prefix: string, text: string): void {
    const value = parsed(text);
    if (value !== undefined) this.#addFields(prefix, value);
    if (typeof value === 'object' && value !== null) return;
    if (text.length > MOST_TEXT) return;
    this.#add(`${prefix}""`, JSON.stringify(text));
    const words = text.match(/[\p{L}\p{N}._/@:-]+/gu)?.map((word) => word.replace(/[.:]+$/, '')) ?? [];
    for (const [at, word] of words.slice(0, MOST_WORDS).entries()) this.#add(`${prefix}#${at}`, JSON.stringify(word));
    for (const [at, word] of words.slice(-MOST_WORDS).reverse().entries())
      this.#add(`${prefix}#${-1 - at}`, JSON.stringify(word));
  }

  #addFields(prefix: string, value: unknown): void {
    for (const [path, text] of fieldsOf(value).fields) this.#add(prefix + path, text);
  }

  #add(place: string, text: string): void {
    this.#values?.set(place, text);
    const places = this.#places.get(text);
    if (!places) this.#places.set(text, [place]);
    else if (places.length < MOST_PLACES) places.push(place);
  }
}

function parsed(text: string): unknown {
  if (text.length > MOST_JSON) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
