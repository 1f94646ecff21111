import { ArgumentPattern } from './argument-pattern.js';
import type { Fields } from './fields.js';
import type { PastView } from './past-view.js';

/** What has followed a context: a call of a tool, or the end of the turn (`tool` is ''). */
export interface Branch {
  readonly tool: string;
  /** How often it followed. */
  count: number;
  /** How often it was the guess, and how often that was right, arguments and all. */
  guessed: number;
  right: number;
  /** Undefined: nothing is learnt of its arguments, and it is never foretold. */
  readonly pattern: ArgumentPattern | undefined;
}

/** A call as it is learnt. `fields`: its arguments; undefined: they are not learnt. */
export interface LearntCall {
  readonly tool: string;
  readonly fields: Fields | undefined;
}

export const THE_END: LearntCall = { tool: '', fields: undefined };

const MOST_BRANCHES = 8;
/** From so many on counts are halved: what is new weighs more than what is long past. */
const MOST_COUNTED = 64;

/**
 * What follows one context, counted. Its guess is the branch that followed most often. How likely that is, is not reckoned from
 * parts that depend on each other, but counted: before it learns of a call, it is asked what it would have guessed.
 */
export class CallContext {
  /** By tool and names of the arguments. */
  readonly #branches: Map<string, Branch>;

  constructor(branches: Map<string, Branch> = new Map()) {
    this.#branches = branches;
  }

  /** What comes next, how likely it is (so many right of one more than there were); undefined: no call that can be foretold. */
  guess(view: PastView): { name: string; input: object; probability: number } | undefined {
    const best = this.#best();
    const input = best?.pattern?.input(view);
    if (!best || !input) return undefined;
    return { name: best.tool, input, probability: best.right / (best.guessed + 1) };
  }

  learn(call: LearntCall, view: PastView): void {
    const key = keyOf(call);
    const best = this.#best();
    if (best) {
      best.guessed++;
      if (this.#branches.get(key) === best && isRight(best, call, view)) best.right++;
      if (best.guessed >= MOST_COUNTED) [best.guessed, best.right] = [best.guessed / 2, best.right / 2];
    }
    const branch = this.#branches.get(key) ?? newBranch(call);
    this.#branches.set(key, branch);
    if (++branch.count >= MOST_COUNTED) for (const one of this.#branches.values()) one.count /= 2;
    if (call.fields) branch.pattern?.learn(call.fields, view);
    if (this.#branches.size > MOST_BRANCHES) this.#branches.delete(this.#rarest(key));
  }

  /** Characters that it keeps, about. */
  get size(): number {
    let size = 0;
    for (const [key, { pattern }] of this.#branches) size += key.length + 32 + (pattern?.size ?? 0);
    return size;
  }

  branches(): Iterable<[key: string, branch: Branch]> {
    return this.#branches;
  }

  #best(): Branch | undefined {
    let best: Branch | undefined;
    for (const branch of this.#branches.values()) if (!best || branch.count > best.count) best = branch;
    return best;
  }

  #rarest(but: string): string {
    const others = [...this.#branches].filter(([key]) => key !== but);
    return others.sort(([, a], [, b]) => a.count - b.count)[0]?.[0] ?? but;
  }
}

/** Arguments that may be left out make another branch where they are. */
export function keyOf({ tool, fields }: LearntCall): string {
  return fields ? `${tool}\n${[...fields.keys()].sort().join('\n')}` : tool;
}

function newBranch({ tool, fields }: LearntCall): Branch {
  return { tool, count: 0, guessed: 0, right: 0, pattern: fields && new ArgumentPattern() };
}

function isRight({ pattern }: Branch, { fields }: LearntCall, view: PastView): boolean {
  if (!fields) return true;
  const guessed = pattern?.fields(view);
  return guessed !== undefined && [...fields].every(([path, text]) => guessed.get(path) === text);
}
