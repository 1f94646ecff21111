const LONGEST = 1_000;

/** A header that lists what was done; it is no place for what a client may have written into it. */
export function listed(name: string, entries: readonly string[]): Record<string, string> {
  if (entries.length === 0) return {};
  return {
    [name]: entries
      .join(', ')
      .replace(/[^\x20-\x7e]/g, '?')
      .slice(0, LONGEST),
  };
}
