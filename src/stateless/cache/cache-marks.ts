/** A place of a conversation that a client wants kept, and for how long. */
export interface CacheMark {
  /** Position of the message; -1: the instructions and tools, which chat templates write as one. */
  message: number;
  /** Characters of its text before the mark. Default: all. */
  characters?: number | undefined;
  ttlMs: number;
}

/** Anthropic keeps four; of more, the last ones. */
const MOST_MARKS = 4;
const MINUTE = 60_000;
const UNITS: Record<string, number> = { s: 1_000, m: MINUTE, h: 60 * MINUTE };
const LONGEST = 24 * 60 * MINUTE;

export const DEFAULT_TTL_MS = 5 * MINUTE;

/** Milliseconds of a time to live as APIs write it, such as `5m`, `1h`; what is none of these is the default. */
export function ttlOf(text: unknown, otherwise = DEFAULT_TTL_MS): number {
  const [, count, unit] = /^(\d{1,5})([smh])$/.exec(typeof text === 'string' ? text : '') ?? [];
  const ms = Number(count ?? 0) * (UNITS[unit ?? ''] ?? 0);
  return ms > 0 ? Math.min(ms, LONGEST) : otherwise;
}

/** A block's `cache_control` as Anthropic has it; undefined: it has none. */
export function anthropicTtl(block: object): number | undefined {
  const control = (block as { cache_control?: unknown }).cache_control;
  if (typeof control !== 'object' || control === null) return undefined;
  return ttlOf((control as { ttl?: unknown }).ttl);
}

/** The marks that count, in the order of the prompt. */
export function lastMarks(marks: readonly CacheMark[]): CacheMark[] {
  const place = ({ message, characters = Number.POSITIVE_INFINITY }: CacheMark) => [message, characters] as const;
  return [...marks]
    .sort((a, b) => {
      const [[m, c], [n, d]] = [place(a), place(b)];
      return m - n || (c === d ? 0 : c - d);
    })
    .slice(-MOST_MARKS);
}
