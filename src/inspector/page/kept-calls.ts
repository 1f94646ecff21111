/** What of a call says where it is kept. */
interface OfAgent {
  /** Of its agent run; 0: of none. */
  readonly program: number;
  /** Its place among all calls. */
  readonly order: number;
}

/** How many calls are kept: of all together, of one agent, of those that belong to none. */
export interface KeptBounds {
  readonly all: number;
  readonly ofOne: number;
  readonly ofNone: number;
}

export const BOUNDS: KeptBounds = { all: 2_000, ofOne: 50, ofNone: 500 };

/**
 * The latest calls of each agent. Where all together are too many, the oldest goes of the agent that has most: one busy agent pushes no
 * other's out. Adding one costs the same however many there are.
 */
export class KeptCalls<Call extends OfAgent> {
  readonly #bounds: KeptBounds;
  readonly #agents = new Map<number, Call[]>();
  /** Agents by how many calls they have. */
  readonly #having = new Map<number, Set<number>>();
  #count = 0;

  constructor(bounds: KeptBounds = BOUNDS) {
    this.#bounds = bounds;
  }

  /** Agents of which there are calls; 0: calls of none. */
  get agents(): IterableIterator<number> {
    return this.#agents.keys();
  }

  /** The calls of an agent that are kept, the oldest first. */
  of(program: number): readonly Call[] {
    return this.#agents.get(program) ?? [];
  }

  /** The kept calls after this place, in their order. */
  since(order: number): Call[] {
    const later = [...this.#agents.values()].flatMap((calls) => calls.filter((call) => call.order > order));
    return later.sort((a, b) => a.order - b.order);
  }

  add(call: Call): void {
    const { program } = call;
    const calls = this.#agents.get(program) ?? [];
    this.#agents.set(program, calls);
    this.#change(program, calls, () => calls.push(call));
    if (calls.length > (program === 0 ? this.#bounds.ofNone : this.#bounds.ofOne)) this.#drop(program);
    else if (this.#count > this.#bounds.all) this.#drop(this.#fullest());
  }

  #fullest(): number {
    const most = Math.max(...this.#having.keys());
    return this.#having.get(most)?.values().next().value ?? 0;
  }

  #drop(program: number): void {
    const calls = this.#agents.get(program);
    if (!calls) return;
    this.#change(program, calls, () => calls.shift());
    if (calls.length === 0) this.#agents.delete(program);
  }

  #change(program: number, calls: Call[], change: () => void): void {
    const before = calls.length;
    change();
    const alike = this.#having.get(before);
    alike?.delete(program);
    if (alike?.size === 0) this.#having.delete(before);
    this.#count += calls.length - before;
    if (calls.length === 0) return;
    const now = this.#having.get(calls.length) ?? new Set();
    this.#having.set(calls.length, now.add(program));
  }
}
