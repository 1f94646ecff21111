/** Fields that are looked at in one value: a large one costs no more. */
const MOST_FIELDS = 128;
const DEEPEST = 8;
/** Characters of a field's JSON; of longer ones no pattern is learnt. */
const LONGEST = 1_024;

/** Where a field is, as JSON (`["files",0,"path"]`), and the JSON of its value: a text, number, boolean, null, `[]` or `{}`. */
export type Fields = ReadonlyMap<string, string>;

/** The fields of a JSON value. `whole`: these are all, and none is too long. */
export function fieldsOf(value: unknown): { fields: Fields; whole: boolean } {
  const fields = new Map<string, string>();
  let whole = true;
  const visit = (item: unknown, path: (string | number)[]): void => {
    if (fields.size >= MOST_FIELDS || path.length > DEEPEST) {
      whole = false;
      return;
    }
    const inner = Array.isArray(item) ? [...item.slice(0, MOST_FIELDS).entries()] : entriesOf(item);
    if (inner.length > 0) {
      if (Array.isArray(item) && item.length > MOST_FIELDS) whole = false;
      for (const [key, field] of inner) visit(field, [...path, key]);
      return;
    }
    const text = JSON.stringify(item) ?? 'null';
    const where = JSON.stringify(path);
    if (text.length > LONGEST || where.length > LONGEST) whole = false;
    else fields.set(where, text);
  };
  visit(value, []);
  return { fields, whole };
}

const entriesOf = (item: unknown): [string, unknown][] =>
  item !== null && typeof item === 'object' ? Object.entries(item) : [];

/** The value that has these fields; undefined: none has. Paths and texts may come from a hostile file. */
export function fromFields(fields: Fields): unknown {
  const root: Record<string, unknown> = {};
  for (const [where, text] of fields) {
    const path: unknown = JSON.parse(where);
    if (!Array.isArray(path)) return undefined;
    if (!put(root, ['value', ...path], JSON.parse(text))) return undefined;
  }
  return root.value;
}

function put(root: object, path: readonly unknown[], value: unknown): boolean {
  let inside: object = root;
  for (const [depth, key] of path.entries()) {
    if (Array.isArray(inside) ? !isNext(inside, key) : typeof key !== 'string') return false;
    const name = key as string;
    const there: unknown = Object.hasOwn(inside, name) ? (inside as Record<string, unknown>)[name] : undefined;
    const last = depth === path.length - 1;
    if (there !== undefined && (last || typeof there !== 'object' || there === null)) return false;
    const next: unknown = last ? value : (there ?? (typeof path[depth + 1] === 'number' ? [] : {}));
    // Defined, not assigned: `__proto__` is a name like others.
    if (there === undefined)
      Object.defineProperty(inside, name, { value: next, enumerable: true, writable: true, configurable: true });
    inside = next as object;
  }
  return true;
}

/** Whether a list goes on at this index, or has it already. */
const isNext = (list: readonly unknown[], key: unknown): boolean =>
  typeof key === 'number' && Number.isInteger(key) && key >= 0 && key <= list.length;
