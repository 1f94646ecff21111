import type { Backend } from '../backend/backend.js';
import { leavable } from '../kit/event-stream.js';
import type { DecisionAbout, NativeDecision } from '../native/decisions.js';

/** What the scheduler decided, by `kind`, and why; or that decisions are missing here. */
export type Decision = NativeDecision | LostDecisions;

/** The reader was too slow: so many decisions are missing before the next one. */
export interface LostDecisions extends DecisionAbout {
  readonly kind: 'lost';
  readonly count: number;
}

/** Decisions that wait for one reader; the oldest go when there are more. */
const MOST_WAITING = 100_000;

/** The scheduler's decisions for any number of readers. Without a reader the engine makes no records at all. */
export class DecisionFeed {
  readonly #backend: Pick<Backend, 'closed' | 'watchDecisions'>;
  readonly #readers = new Set<Reader>();

  constructor(backend: Pick<Backend, 'closed' | 'watchDecisions'>) {
    this.#backend = backend;
  }

  /** Decisions from the first `next()` on, until the loop is left or the engine closes. */
  read(): AsyncGenerator<Decision, void, undefined> {
    const reader = new Reader();
    return leavable(this.#follow(reader), () => reader.close());
  }

  async *#follow(reader: Reader): AsyncGenerator<Decision, void, undefined> {
    this.#add(reader);
    try {
      yield* reader.read();
    } finally {
      this.#remove(reader);
    }
  }

  /** Ends every loop; what waits is still read. */
  close(): void {
    for (const reader of this.#readers) reader.close();
  }

  #add(reader: Reader): void {
    if (this.#backend.closed) {
      reader.close();
      return;
    }
    this.#readers.add(reader);
    if (this.#readers.size > 1) return;
    this.#backend.watchDecisions((decision) => {
      for (const each of this.#readers) each.push(decision);
    });
  }

  #remove(reader: Reader): void {
    if (this.#readers.delete(reader) && this.#readers.size === 0) this.#backend.watchDecisions(undefined);
  }
}

class Reader {
  #waiting: Decision[] = [];
  #lost = 0;
  #closed = false;
  #wake = () => {};

  push(decision: Decision): void {
    if (this.#waiting.length >= MOST_WAITING) this.#lost += this.#waiting.splice(0, MOST_WAITING / 2).length;
    this.#waiting.push(decision);
    this.#wake();
  }

  close(): void {
    this.#closed = true;
    this.#wake();
  }

  async *read(): AsyncGenerator<Decision, void, undefined> {
    for (;;) {
      const batch = this.#waiting;
      this.#waiting = [];
      if (this.#lost > 0) yield this.#lostDecision(batch[0]?.at ?? 0);
      yield* batch;
      if (this.#waiting.length > 0) continue;
      if (this.#closed) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #lostDecision(at: number): Decision {
    const count = this.#lost;
    this.#lost = 0;
    return { at, kind: 'lost', program: 0, request: 0, text: `${count} decisions were not read in time`, count };
  }
}
