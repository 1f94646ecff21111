import type { Agent } from '../agent/agent.js';
import { type RunResult, STOP_REASONS, type StopReason } from '../agent/agent-events.js';
import { BanyanError } from '../kit/errors.js';
import { checkName, invalidOption } from '../kit/option-checks.js';
import { readTable } from '../kit/option-table.js';
import { callback, flag, number, type OptionsOf, signal } from '../native/option-kinds.js';
import { stepChain } from './chain.js';
import { type Database, type DatabaseLibrary, openDatabase, storeError } from './database.js';
import { StoredJournal } from './stored-journal.js';

/** One run of a store, without its contents. */
export interface RunSummary {
  readonly id: string;
  /** The run that started it; undefined: none. */
  readonly parent: string | undefined;
  readonly entries: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** How it ended; undefined: it has not. */
  readonly stopReason: StopReason | undefined;
}

/** What became of a run that was resumed. */
export interface Resumed {
  readonly id: string;
  /** Undefined: it failed. */
  readonly result: RunResult | undefined;
  readonly error: unknown;
}

/** The table of RunStoreOptions. */
export const RUN_STORE = {
  /** Class `Database` of better-sqlite3, for programs that bundle it. Default: the package as it is installed. */
  library: callback<DatabaseLibrary>(),
};

export interface RunStoreOptions extends OptionsOf<typeof RUN_STORE> {}

const COUNT = { min: 1, max: 65_536, whole: true };

/** The table of ResumeAllOptions. */
export const RESUME_ALL = {
  /** Runs that go on at a time, 1 to 65,536. Default 65,536: the engine's own queue is the limit. */
  atOnce: number(COUNT, COUNT.max),
  /** Signal that ends them: each stays on record as far as it came. */
  signal: signal(),
};

export interface ResumeAllOptions extends OptionsOf<typeof RESUME_ALL> {}

/** The table of StepOptions. */
export const STEP = {
  /** Promise that a second call does no harm: a step that began before the process ended is done again. Default false. */
  idempotent: flag(false),
};

export interface StepOptions extends OptionsOf<typeof STEP> {}

/**
 * Many runs in one SQLite file (package better-sqlite3): journals by name, what is unfinished, and steps between runs. A path
 * for each run does the same for few; this is for thousands, and for those who want to see them.
 */
export class RunStore implements AsyncDisposable {
  readonly #database: Database;
  #closed = false;

  private constructor(database: Database) {
    this.#database = database;
  }

  /** Opens the file, or makes it, for its owner alone. Rejects with JOURNAL_FAILED, JOURNAL_INVALID, JOURNAL_BUSY. */
  static async open(path: string, options: RunStoreOptions = {}): Promise<RunStore> {
    const { library } = readTable('options', options, RUN_STORE);
    if (checkName('path', path) === '') throw invalidOption('path', 'a path', path);
    return new RunStore(await openDatabase(path, library));
  }

  /** The journal of a run: `agent.run(input, { journal: store.run('job 17') })`, later `agent.resume(store.run('job 17'))`. */
  run(id: string): StoredJournal {
    this.#checkOpen();
    if (checkName('id', id) === '') throw invalidOption('id', 'a name', id);
    return new StoredJournal(this.#database, id, undefined);
  }

  /** Runs on record, oldest first. `unfinished`: those that have not ended. */
  list({ unfinished = false }: { unfinished?: boolean } = {}): RunSummary[] {
    const where = unfinished ? 'WHERE stop IS NULL' : '';
    return this.#reading(() =>
      this.#database.prepare(`SELECT * FROM runs ${where} ORDER BY created, id`).all().map(toSummary),
    );
  }

  /**
   * Goes on with every run that has not ended. `agentOf` names the agent of each, the one that began it; undefined: it is left as
   * it is. A run that fails takes nothing from the others. Resolves when all have ended.
   */
  async resumeAll(agentOf: (run: RunSummary) => Agent | undefined, options: ResumeAllOptions = {}): Promise<Resumed[]> {
    const { atOnce = COUNT.max, signal: stop } = readTable('options', options, RESUME_ALL);
    const open = this.list({ unfinished: true });
    const done: Resumed[] = [];
    const worker = async () => {
      for (let run = open.shift(); run && !stop?.aborted; run = open.shift()) {
        const { id } = run;
        try {
          const result = await agentOf(run)?.resume(this.run(id), { signal: stop });
          if (result) done.push({ id, result, error: undefined });
        } catch (error) {
          done.push({ id, result: undefined, error });
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(atOnce, open.length) }, worker));
    return done;
  }

  /**
   * Does something once in the life of a run, and gives what it gave again when the run goes on: a mail between two agents, a
   * random number, the time. The value must survive JSON. A step that threw is done again next time. One that began before its
   * process ended may have had its effect: it rejects with EFFECT_UNKNOWN, unless it is `idempotent`.
   */
  async step<Value>(
    run: string,
    key: string,
    work: (context: { idempotencyKey: string }) => Value | Promise<Value>,
    options: StepOptions = {},
  ): Promise<Value> {
    const { idempotent = false } = readTable('options', options, STEP);
    const [id, name] = [checkName('run', run), checkName('key', key)];
    const known = this.#reading(() => this.#beginStep(id, name, idempotent));
    if (known !== undefined) return JSON.parse(known) as Value;
    let value: Value;
    try {
      value = await work({ idempotencyKey: `${id}/${name}` });
    } catch (reason) {
      this.#reading(() => this.#database.prepare('DELETE FROM steps WHERE run = ? AND key = ?').run(id, name));
      throw reason;
    }
    const text = JSON.stringify(value) ?? 'null';
    this.#reading(() =>
      this.#database
        .prepare('UPDATE steps SET value = ?, chain = ? WHERE run = ? AND key = ?')
        .run(text, stepChain(id, name, text), id, name),
    );
    return JSON.parse(text) as Value; // what it will be the next time
  }

  /** Removes runs that ended before a time, with their steps. Returns how many. */
  prune(endedBefore: Date): number {
    const before = endedBefore.getTime();
    if (Number.isNaN(before)) throw invalidOption('endedBefore', 'a date', endedBefore);
    return this.#reading(() =>
      this.#database
        .transaction(() => {
          const old = this.#database.prepare('SELECT id FROM runs WHERE stop IS NOT NULL AND updated < ?').all(before);
          for (const { id } of old as { id: string }[]) this.#remove(id);
          return old.length;
        })
        .immediate(),
    );
  }

  /** Removes one run with its steps, whether or not it has ended; false: there is none. */
  remove(id: string): boolean {
    return this.#reading(() => this.#database.transaction(() => this.#remove(checkName('id', id))).immediate());
  }

  /** Idempotent. Runs that still write fail with JOURNAL_FAILED. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#database.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** What a step gave before; undefined: it is to be done now. */
  #beginStep(run: string, key: string, idempotent: boolean): string | undefined {
    return this.#database
      .transaction(() => {
        const row = this.#database.prepare('SELECT value, chain FROM steps WHERE run = ? AND key = ?').get(run, key) as
          | { value: string | null; chain: string }
          | undefined;
        if (!row) {
          this.#database
            .prepare('INSERT INTO steps (run, key, value, chain) VALUES (?, ?, NULL, ?)')
            .run(run, key, stepChain(run, key, null));
          return undefined;
        }
        if (row.chain !== stepChain(run, key, row.value)) {
          const message = `Step ${key} of ${run} is not as it was written`;
          throw new BanyanError('JOURNAL_INVALID', message, { field: 'key' });
        }
        if (row.value !== null) return row.value;
        if (idempotent) return undefined;
        const message = `Step ${key} of ${run} began and did not end: whether it had its effect is not known`;
        throw new BanyanError('EFFECT_UNKNOWN', message, { field: 'key' });
      })
      .immediate();
  }

  #remove(id: string): boolean {
    this.#database.prepare('DELETE FROM entries WHERE run = ?').run(id);
    this.#database.prepare('DELETE FROM steps WHERE run = ?').run(id);
    return this.#database.prepare('DELETE FROM runs WHERE id = ?').run(id).changes > 0;
  }

  #reading<Result>(work: () => Result): Result {
    this.#checkOpen();
    try {
      return work();
    } catch (cause) {
      throw storeError('The store of runs failed', cause);
    }
  }

  #checkOpen(): void {
    if (this.#closed) throw new BanyanError('CLOSED', 'The store of runs is closed');
  }
}

interface Row {
  id: string;
  parent: string | null;
  entries: number;
  created: number;
  updated: number;
  stop: string | null;
}

function toSummary(row: unknown): RunSummary {
  const { id, parent, entries, created, updated, stop } = row as Row;
  const stopReason = STOP_REASONS.find((known) => known === stop);
  const times = { createdAt: new Date(created), updatedAt: new Date(updated) };
  return { id, parent: parent ?? undefined, entries, ...times, stopReason };
}
