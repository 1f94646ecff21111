/** A sum of what is known: null as soon as a part of it is not. */
export function knownSum(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a + b;
}
