import type { Part } from './call.js';

/** A part of the call before and what stands for it in this one; undefined: there is nothing. */
export interface Pair {
  readonly before: Part | undefined;
  readonly after: Part | undefined;
}

/** Both calls' parts side by side. What this call only adds has no `before`. */
export function pairsOf(before: readonly Part[], after: readonly Part[]): { tools: Pair[]; said: Pair[] } {
  const isTool = ({ section }: Part) => section === 'tools';
  const others = (parts: readonly Part[]) => parts.filter((part) => !isTool(part));
  return {
    tools: byName(before.filter(isTool), after.filter(isTool)),
    said: inOrder(others(before), others(after)),
  };
}

/** In the order of this call; tools that it lacks come last. */
function byName(before: readonly Part[], after: readonly Part[]): Pair[] {
  const left = new Map(before.map((part) => [part.role, part]));
  const pairs = after.map((part): Pair => {
    const known = left.get(part.role);
    left.delete(part.role);
    return { before: known, after: part };
  });
  return [...pairs, ...[...left.values()].map((part): Pair => ({ before: part, after: undefined }))];
}

/** A part that was edited in place is paired with what it was; one that was left out, or put in between, stands alone. */
function inOrder(before: readonly Part[], after: readonly Part[]): Pair[] {
  const [ofBefore, ofAfter] = [new Places(before), new Places(after)];
  const pairs: Pair[] = [];
  let [i, j] = [0, 0];
  while (i < before.length && j < after.length) {
    const [b, a] = [before[i] as Part, after[j] as Part];
    const same = b.key === a.key;
    const inPlace = b.role === a.role && before[i + 1]?.key === after[j + 1]?.key;
    const removed = same || inPlace ? -1 : ofBefore.next(a.key, i);
    const added = same || inPlace ? -1 : ofAfter.next(b.key, j);
    if (removed >= 0 && (added < 0 || removed - i <= added - j)) {
      for (; i < removed; i++) pairs.push({ before: before[i], after: undefined });
    } else if (added >= 0) {
      for (; j < added; j++) pairs.push({ before: undefined, after: after[j] });
    } else if (b.role === a.role) {
      pairs.push({ before: b, after: a });
      [i, j] = [i + 1, j + 1];
    } else {
      pairs.push({ before: b, after: undefined });
      i++;
    }
  }
  for (; i < before.length; i++) pairs.push({ before: before[i], after: undefined });
  for (; j < after.length; j++) pairs.push({ before: undefined, after: after[j] });
  return pairs;
}

/** Where parts of equal text stand. */
class Places {
  readonly #places = new Map<string, number[]>();

  constructor(parts: readonly Part[]) {
    for (const [index, { key }] of parts.entries()) {
      const places = this.#places.get(key);
      if (places) places.push(index);
      else this.#places.set(key, [index]);
    }
  }

  /** The first place from this one on; -1: there is none. */
  next(key: string, from: number): number {
    const places = this.#places.get(key) ?? [];
    let [low, high] = [0, places.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((places[middle] as number) < from) low = middle + 1;
      else high = middle;
    }
    return places[low] ?? -1;
  }
}
