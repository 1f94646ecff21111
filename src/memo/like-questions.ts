import type { GenerationResult } from '../engine/generation.js';

/** A question that was answered. */
export interface Known {
  /** What it must have in common with another one to the letter: model, tenant, options, what was said before. */
  readonly scope: string;
  /** Its vector, of length 1. */
  readonly vector: Float32Array;
  result: GenerationResult;
  /** Milliseconds after which it is not known any more, by the clock of the store. */
  until: number;
}

/** Questions with their vectors: a bounded number, each for a time; the one that was used least recently goes first. */
export class LikeQuestions {
  readonly #most: number;
  readonly #scopes = new Map<string, Set<Known>>();
  /** By use, the latest last. */
  readonly #all = new Set<Known>();
  expired = 0;
  evicted = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#all.size;
  }

  /** The likest question of the scope, at least `threshold` like it; one that is too old is forgotten. */
  find(
    scope: string,
    vector: Float32Array,
    threshold: number,
    now: number,
  ): { known: Known; similarity: number } | undefined {
    let best: { known: Known; similarity: number } | undefined;
    for (const known of [...(this.#scopes.get(scope) ?? [])]) {
      if (known.until <= now) {
        this.remove(known);
        this.expired++;
        continue;
      }
      const similarity = innerProduct(known.vector, vector);
      if (similarity >= threshold && similarity > (best?.similarity ?? -1)) best = { known, similarity };
    }
    if (best) {
      this.#all.delete(best.known);
      this.#all.add(best.known);
    }
    return best;
  }

  add(known: Known): void {
    const scope = this.#scopes.get(known.scope) ?? new Set();
    this.#scopes.set(known.scope, scope.add(known));
    this.#all.add(known);
    for (const oldest of this.#all) {
      if (this.#all.size <= this.#most) break;
      this.remove(oldest);
      this.evicted++;
    }
  }

  remove(known: Known): void {
    if (!this.#all.delete(known)) return;
    const scope = this.#scopes.get(known.scope);
    scope?.delete(known);
    if (scope?.size === 0) this.#scopes.delete(known.scope);
  }
}

/** The vector, made 1 long, as a copy. All zeros stay so: like nothing. */
export function unit(vector: Float32Array): Float32Array {
  const length = Math.sqrt(innerProduct(vector, vector));
  return length > 0 ? vector.map((value) => value / length) : vector.slice();
}

export function innerProduct(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let index = 0; index < a.length; index++) sum += (a[index] as number) * (b[index] ?? 0);
  return sum;
}
