import { damaged, type Journal, type JournalEntry } from '../agent/journal/journal.js';
import { BanyanError } from '../kit/errors.js';
import { chained } from '../kit/files/hash-chain.js';
import { chainOf } from './chain.js';
import { type Database, storeError } from './database.js';

interface Row {
  n: number;
  line: string;
  chain: string;
}

interface Head {
  entries: number;
  chain: string;
}

/**
 * The journal of one run of a store: each entry a transaction. Two processes that go on with one run are told apart at the
 * first entry that either writes: the other's next one is refused, before anything that it announces is done.
 */
export class StoredJournal implements Journal {
  readonly #database: Database;
  /** Name of the run in the store. */
  readonly id: string;
  readonly #parent: string | undefined;
  readonly #children = new Map<string, number>();
  /** What this process has read or written; undefined: nothing yet. */
  #head: Head | undefined;

  /** Use `store.run()`. */
  constructor(database: Database, id: string, parent: string | undefined) {
    this.#database = database;
    this.id = id;
    this.#parent = parent;
  }

  /**
   * The journal of a run that this one starts, e.g. of a sub-agent. Children of one name are numbered in the order in which they
   * are asked for: a run that goes on and asks in the same order finds each again.
   */
  child(name: string): StoredJournal {
    const n = this.#children.get(name) ?? 0;
    this.#children.set(name, n + 1);
    return new StoredJournal(this.#database, `${this.id}/${name}/${n}`, this.id);
  }

  /** Throws JOURNAL_INVALID with the number of the entry that is not what was written, JOURNAL_FAILED. */
  entries(): readonly unknown[] {
    try {
      const rows = this.#database
        .prepare('SELECT n, line, chain FROM entries WHERE run = ? ORDER BY n')
        .all(this.id) as Row[];
      const head = this.#readHead();
      const entries: unknown[] = [];
      let chain = chainOf(this.id);
      for (const [index, row] of rows.entries()) {
        chain = chained(chain, row.line);
        if (row.n !== index + 1) throw damaged(index + 1, 'it is missing');
        if (row.chain !== chain) throw damaged(row.n, 'it is not as it was written');
        entries.push(JSON.parse(row.line));
      }
      if (head.entries !== rows.length)
        throw damaged(rows.length + 1, 'it is missing, or what stands there was added by others');
      if (head.chain !== chain) throw damaged(Math.max(1, rows.length), 'it is not the last one that was written');
      this.#head = head;
      return entries;
    } catch (cause) {
      throw storeError(`The run ${this.id} cannot be read`, cause);
    }
  }

  /** Throws JOURNAL_BUSY when another process has written, JOURNAL_FAILED. On the disk when it returns. */
  append(entry: JournalEntry): void {
    if (!this.#head) this.entries();
    const head = this.#head as Head;
    const line = JSON.stringify(entry);
    const next = { entries: head.entries + 1, chain: chained(head.chain, line) };
    try {
      this.#database.transaction(() => this.#write(head, next, line, entry)).immediate();
    } catch (cause) {
      throw storeError(`The run ${this.id} cannot be written`, cause);
    }
    this.#head = next;
  }

  #write(head: Head, next: Head, line: string, entry: JournalEntry): void {
    const now = Date.now();
    const there = this.#readHead();
    if (there.entries !== head.entries || there.chain !== head.chain) {
      throw new BanyanError('JOURNAL_BUSY', `The run ${this.id} was written by another process`, { field: 'journal' });
    }
    if (head.entries === 0) {
      this.#database
        .prepare('INSERT INTO runs (id, parent, created, updated, entries, chain) VALUES (?, ?, ?, ?, ?, ?)')
        .run(this.id, this.#parent ?? null, now, now, next.entries, next.chain);
    } else {
      this.#database
        .prepare('UPDATE runs SET updated = ?, entries = ?, chain = ?, stop = ? WHERE id = ?')
        .run(now, next.entries, next.chain, entry.type === 'end' ? entry.stopReason : null, this.id);
    }
    this.#database
      .prepare('INSERT INTO entries (run, n, line, chain) VALUES (?, ?, ?, ?)')
      .run(this.id, next.entries, line, next.chain);
  }

  #readHead(): Head {
    const row = this.#database.prepare('SELECT entries, chain FROM runs WHERE id = ?').get(this.id) as Head | undefined;
    return row ?? { entries: 0, chain: chainOf(this.id) };
  }
}
