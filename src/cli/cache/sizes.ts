/** Bytes in the largest unit that leaves a number of 1 or more: 1.2 GiB. */
export function bytesInWords(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(4, Math.floor(Math.log(bytes) / Math.log(1024)));
  return `${Number((bytes / 1024 ** power).toPrecision(3))} ${['B', 'KiB', 'MiB', 'GiB', 'TiB'][power]}`;
}

const UNITS = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
] as const;

/** A span of the past in its largest unit: 3 hours ago. `seconds`: 0 or more. */
export function agoInWords(seconds: number): string {
  for (const [unit, size] of UNITS) {
    const n = Math.floor(seconds / size);
    if (n > 0) return `${n} ${unit}${n === 1 ? '' : 's'} ago`;
  }
  return 'just now';
}

/** Seconds of `90m`, `12h`, `7d`; undefined: it is no such text. */
export function secondsOf(text: string): number | undefined {
  const [, number, unit] = /^(\d+)([mhd])$/.exec(text) ?? [];
  return number === undefined ? undefined : Number(number) * { m: 60, h: 3_600, d: 86_400 }[unit as 'm' | 'h' | 'd'];
}
