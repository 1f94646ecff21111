import { LruCache } from '../../kit/lru-cache.js';
import { fieldsOf } from './fields.js';
import { LOOKED_BACK, type PastCall, type RunPast } from './run-past.js';

/** Characters of a text that are read as JSON. */
const MOST_JSON = 65_536;
/** Characters of a text that are taken apart into words, and how many from each end. */
const MOST_TEXT = 4_096;
const MOST_WORDS = 32;
/** Places of one value that are told. */
const MOST_PLACES = 8;

/** Where in one text or value something is, and the JSON of what is there; made once, however often it is looked at. */
class Places {
  readonly #texts = new Map<string, string>();
  readonly #places = new Map<string, string[]>();

  static ofValue(value: unknown): Places {
    const places = new Places();
    for (const [path, text] of fieldsOf(value).fields) places.#add(path, text);
    return places;
  }

  static ofText(text: string): Places {
    const value = parsed(text);
    const places = value === undefined ? new Places() : Places.ofValue(value);
    if ((typeof value === 'object' && value !== null) || text.length > MOST_TEXT) return places;
    places.#add('""', JSON.stringify(text));
    const words = text.match(/[\p{L}\p{N}._/@:-]+/gu)?.map((word) => word.replace(/[.:]+$/, '')) ?? [];
    for (const [at, word] of words.slice(0, MOST_WORDS).entries()) places.#add(`#${at}`, JSON.stringify(word));
    for (const [at, word] of words.slice(-MOST_WORDS).reverse().entries())
      places.#add(`#${-1 - at}`, JSON.stringify(word));
    return places;
  }

  at(place: string): string | undefined {
    return this.#texts.get(place);
  }

  of(text: string): readonly string[] {
    return this.#places.get(text) ?? [];
  }

  #add(place: string, text: string): void {
    this.#texts.set(place, text);
    const places = this.#places.get(text);
    if (!places) this.#places.set(text, [place]);
    else if (places.length < MOST_PLACES) places.push(place);
  }
}

const calls = new WeakMap<PastCall, { a: Places; r: Places }>();
const inputs = new LruCache<Places>(64, 2 ** 18);

function placesIn(call: PastCall): { a: Places; r: Places } {
  const known = calls.get(call);
  if (known) return known;
  const { input, result } = call;
  const made = { a: Places.ofValue(input), r: result === undefined ? new Places() : Places.ofText(result) };
  calls.set(call, made);
  return made;
}

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

  constructor(past: RunPast) {
    this.#past = past;
  }

  /** The JSON of what is there; undefined: nothing. */
  at(place: string): string | undefined {
    const [kind, back = ''] = place;
    if (kind === 'c') return place.slice(1);
    if (kind === 'i') return this.#input.at(place.slice(1));
    const call = /[1-4]/.test(back) ? this.#past.calls.at(-Number(back)) : undefined;
    return call && (kind === 'a' || kind === 'r') ? placesIn(call)[kind].at(place.slice(2)) : undefined;
  }

  /** At most 8 places of a value, the latest first; itself last, but first where it is too short to be no accident. */
  placesOf(text: string): string[] {
    const places: string[] = [];
    for (const [index, call] of this.#past.calls.slice(-LOOKED_BACK).reverse().entries()) {
      const { a, r } = placesIn(call);
      places.push(...r.of(text).map((at) => `r${index + 1}${at}`), ...a.of(text).map((at) => `a${index + 1}${at}`));
    }
    places.push(...this.#input.of(text).map((at) => `i${at}`));
    const copies = places.slice(0, MOST_PLACES - 1);
    return text.length < 3 ? [`c${text}`, ...copies] : [...copies, `c${text}`];
  }

  get #input(): Places {
    const { input } = this.#past;
    return input.length > MOST_JSON ? NOWHERE : inputs.get(input, () => Places.ofText(input));
  }
}

const NOWHERE = new Places();

function parsed(text: string): unknown {
  if (text.length > MOST_JSON) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
