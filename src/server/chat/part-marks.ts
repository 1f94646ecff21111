import type { CacheMark } from '../../stateless/cache/cache-marks.js';
import type { WireContent, WirePart } from './content.js';

/** Marks of a message's parts: each part's text ends where the mark is. `ttlOf`: of a part that has a mark, milliseconds. */
export function partMarks(
  content: WireContent,
  message: number,
  ttlOf: (part: WirePart) => number | undefined,
): CacheMark[] {
  if (typeof content === 'string' || !content) return [];
  let characters = 0;
  return content.flatMap((part): CacheMark[] => {
    characters += (part.text ?? '').length;
    const ttlMs = ttlOf(part);
    return ttlMs === undefined ? [] : [{ message, characters, ttlMs }];
  });
}
