/**
 * JSON text that depends on the value alone: keys sorted, no spaces. Equal values give equal tokens, hence a prefix hit.
 * Follows JSON.stringify otherwise (toJSON, NaN is null), with null for undefined. Throws TypeError on cycles and BigInt.
 */
export function canonicalJson(value: unknown): string {
  const plain: unknown = JSON.parse(JSON.stringify(value) ?? 'null');
  return JSON.stringify(plain, (_key, item: unknown) =>
    item !== null && typeof item === 'object' && !Array.isArray(item) ? sorted(item) : item,
  );
}

function sorted(object: object): object {
  return Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)));
}
