import type { Journal, JournalEntry } from '../../src/agent/journal/journal.js';

/** A journal as lines of JSON, as a file would have them. */
export class MemoryJournal implements Journal {
  readonly lines: string[];

  constructor(lines: readonly string[] = []) {
    this.lines = [...lines];
  }

  entries(): JournalEntry[] {
    return this.lines.map((line) => JSON.parse(line));
  }

  append(entry: JournalEntry): void | Promise<void> {
    this.lines.push(JSON.stringify(entry));
  }

  /** Calls that were announced and have no result: `step.index`. */
  get open(): string[] {
    const at = ({ step, index }: { step: number; index: number }) => `${step}.${index}`;
    const results = new Set(this.entries().flatMap((entry) => (entry.type === 'result' ? [at(entry)] : [])));
    return this.entries().flatMap((entry) => (entry.type === 'call' && !results.has(at(entry)) ? [at(entry)] : []));
  }
}

/** Its process dies in the append of entry `at`, which is lost or just kept; its caller waits for ever. */
export class CrashingJournal extends MemoryJournal {
  readonly crashed: Promise<void>;
  readonly #crash: () => void;
  readonly #at: number;
  readonly #kept: boolean;
  #appends = 0;

  constructor(at: number, kept: boolean, lines: readonly string[] = []) {
    super(lines);
    this.#at = at;
    this.#kept = kept;
    let crash = () => {};
    this.crashed = new Promise((resolve) => {
      crash = resolve;
    });
    this.#crash = crash;
  }

  override append(entry: JournalEntry): void | Promise<void> {
    const append = this.#appends++;
    if (append < this.#at || (append === this.#at && this.#kept)) super.append(entry);
    if (append < this.#at) return;
    this.#crash();
    return new Promise(() => {});
  }
}
