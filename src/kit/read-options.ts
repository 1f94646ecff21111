import { asUnreadable } from './errors.js';
import { checkKeys, invalidOption } from './option-checks.js';

/*
 * What a caller passes is read once, into plain values, before anything is checked or done with it: a getter or a proxy may
 * throw, or answer otherwise the second time.
 */

/** Runs `read`; what a getter or a proxy throws meanwhile becomes INVALID_OPTION of the field. */
export function reading<Result>(field: string, read: () => Result): Result {
  try {
    return read();
  } catch (cause) {
    throw asUnreadable(field, cause);
  }
}

/** A copy of an options object with the fields that it has, its own or its class's. Throws INVALID_OPTION for a field that is not known. */
export function readOptions<Options extends object>(
  field: string,
  options: Options,
  known: readonly string[],
): Options {
  return reading(field, () => {
    checkKeys(field, options, known);
    const copy = Object.create(null) as Options;
    for (const key of known as readonly (keyof Options & string)[]) {
      if (has(options, key)) copy[key] = reading(key, () => options[key]);
    }
    return copy;
  });
}

/** True for a field of this object or its class, false for one that was put on every object. */
function has(object: object, key: string): boolean {
  return Object.hasOwn(object, key) || (key in object && !(key in Object.prototype));
}

/** A copy of a list. Throws INVALID_OPTION. */
export function readList<Item>(field: string, list: readonly Item[], expected = 'a list'): Item[] {
  return reading(field, () => {
    if (!Array.isArray(list)) throw invalidOption(field, expected, list);
    const { length } = list;
    const copy: Item[] = [];
    for (let index = 0; index < length; index++) copy.push(list[index] as Item);
    return copy;
  });
}

/** Own fields of an object, and the named ones of its class. */
export function readFields<Fields extends object>(
  field: string,
  object: Fields,
  named: readonly (keyof Fields & string)[] = [],
): Fields {
  return reading(field, () => {
    const copy = { ...object };
    for (const key of named) if (!(key in copy) && key in object) copy[key] = object[key];
    return copy;
  });
}
