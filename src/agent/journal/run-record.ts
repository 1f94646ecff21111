import { randomInt, randomUUID } from 'node:crypto';
import type { ChatMessage } from '../../chat/chat-message.js';
import { nthSeed } from '../../engine/request-options.js';
import { BanyanError } from '../../kit/errors.js';
import type { StopReason } from '../agent-events.js';
import { checkSameAgent, type Fingerprint } from './fingerprint.js';
import { JOURNAL_VERSION, type Journal, type JournalEntry, type JournalRun, journalError } from './journal.js';
import { checkInput } from './journal-entry.js';
import { type OpenJournal, openJournal } from './open-journal.js';
import { RecordedRun } from './recorded-run.js';
import { StepRecord } from './step-record.js';

/** The beginning of a run: its input, its seed, its agent. */
export interface RunStart {
  /** True: input and seed are on record, and those here do not count. */
  resumed: boolean;
  input: string | readonly ChatMessage[];
  /** The seed of the first step; undefined: another one for each run. */
  seed: number | undefined;
  agent: () => Fingerprint;
  /** The caller's signal. */
  signal: AbortSignal | undefined;
}

type Begun = Pick<JournalRun, 'id' | 'seed' | 'input'>;

/** What a run has on record, and how it adds to it. */
export class RunRecord {
  readonly #run: Begun;
  readonly #past: RecordedRun | undefined;
  readonly #journal: OpenJournal | undefined;
  /** Entries are written one after the other. */
  #last: Promise<void> = Promise.resolve();
  /** The error of every write from now on; undefined: entries are written. */
  #stopped: BanyanError | undefined;

  private constructor(run: Begun, past: RecordedRun | undefined, journal: OpenJournal | undefined) {
    this.#run = run;
    this.#past = past;
    this.#journal = journal;
  }

  /** Rejects with JOURNAL_*, INVALID_MESSAGES, ABORTED. Without a journal it keeps nothing. `ended`: when the run is over. */
  static async open(start: RunStart, journal: string | Journal | undefined, ended: AbortSignal): Promise<RunRecord> {
    if (journal === undefined) return new RunRecord(begun(start), undefined, undefined);
    const opened = await openJournal(journal, !start.resumed, { aborted: start.signal, ended });
    try {
      const past = await RecordedRun.of(await opened.entries());
      if (!start.resumed) return await RunRecord.#begin(start, past, opened);
      if (!past) throw mismatch('The journal has no run yet: begin it with `run(input, { journal })`');
      checkSameAgent(past.run.agent, start.agent());
      return new RunRecord(past.run, past, opened);
    } catch (reason) {
      await opened.close().catch(() => {});
      throw journalError('The journal failed', reason);
    }
  }

  static async #begin(start: RunStart, past: RecordedRun | undefined, journal: OpenJournal): Promise<RunRecord> {
    if (past) throw mismatch('The journal has a run already: `resume(journal)` goes on with it');
    const run = begun(start);
    await journal.append({ type: 'run', version: JOURNAL_VERSION, ...run, agent: start.agent() });
    return new RunRecord(run, undefined, journal);
  }

  /** Random; the same in all lives of the run. */
  get id(): string {
    return this.#run.id;
  }

  get input(): string | readonly ChatMessage[] {
    return this.#run.input;
  }

  /** True when there is a journal: then a step's turn is written before any of its calls runs. */
  get kept(): boolean {
    return this.#journal !== undefined;
  }

  /** Steps on record when it was opened. */
  get steps(): number {
    return this.#past?.steps.length ?? 0;
  }

  /** How the run ended; undefined while it has not. */
  get stopReason(): StopReason | undefined {
    return this.#past?.stopReason;
  }

  seedOf(step: number): number {
    return nthSeed(this.#run.seed, step);
  }

  step(step: number): StepRecord {
    return new StepRecord(this.#run.id, step, this.#past, (entry) => this.#append(entry));
  }

  async end(stopReason: StopReason): Promise<void> {
    await this.#append({ type: 'end', stopReason });
  }

  /** From now on nothing is written: who tries gets this error. */
  stop(reason: BanyanError): void {
    this.#stopped ??= reason;
  }

  /** The answer is known by now: that a lock could not be removed must not hide it. */
  async close(): Promise<void> {
    this.stop(new BanyanError('CLOSED', 'The run has ended'));
    await this.#journal?.close().catch(() => {});
  }

  #append(entry: JournalEntry): Promise<void> {
    const written = this.#last.then(() => this.#write(entry));
    this.#last = written.catch(() => {});
    return written;
  }

  async #write(entry: JournalEntry): Promise<void> {
    if (!this.#journal) return;
    if (this.#stopped) throw this.#stopped;
    try {
      await this.#journal.append(entry);
    } catch (reason) {
      this.stop(journalError('The journal failed', reason));
      throw this.#stopped;
    }
  }
}

function begun({ input, seed = randomInt(2 ** 32) }: RunStart): Begun {
  return { id: randomUUID(), seed, input: checkInput(input) };
}

function mismatch(message: string): BanyanError {
  return new BanyanError('JOURNAL_MISMATCH', message, { field: 'journal' });
}
