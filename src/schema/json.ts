/** A JSON object, neither an array nor null. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The JSON pointer of a member. */
export function pointerTo(place: string, key: string | number): string {
  return `${place}/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

/** Equal as JSON values: 1 and 1.0 are, members in another order are. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const names = Object.keys(a);
  if (names.length !== Object.keys(b).length) return false;
  return names.every(
    (name) =>
      Object.hasOwn(b, name) && sameJson((a as Record<string, unknown>)[name], (b as Record<string, unknown>)[name]),
  );
}

/** JSON of plain values and of maps, which are written as objects: to make an object of thousands of names takes milliseconds. */
export function jsonText(value: unknown): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return JSON.stringify(value);
  let text = '';
  for (const [name, inner] of value instanceof Map ? value : Object.entries(value)) {
    text += `${text && ','}${JSON.stringify(name)}:${jsonText(inner)}`;
  }
  return `{${text}}`;
}
