import { BanyanError } from '../../kit/errors.js';
import { TimeSlices } from '../../kit/time-slices.js';
import type { StopReason } from '../agent-events.js';
import { damaged, type JournalEntry, type JournalResult, type JournalRun, type JournalTurn } from './journal.js';
import { checkEntry } from './journal-entry.js';

export interface PastStep extends Pick<JournalTurn, 'turn' | 'usage' | 'read'> {
  /** Calls whose tools may have run. */
  readonly announced: Set<number>;
  readonly results: Map<number, Pick<JournalResult, 'ok' | 'content' | 'ms'>>;
}

/** What is on record of a run, in the only order in which a run writes it. */
export class RecordedRun {
  readonly run: JournalRun;
  readonly steps: PastStep[] = [];
  /** Undefined while the run has not ended. */
  stopReason: StopReason | undefined;

  private constructor(run: JournalRun) {
    this.run = run;
  }

  /** Undefined: there are no entries. Rejects with JOURNAL_INVALID and the number of the entry that cannot be. */
  static async of(entries: readonly unknown[]): Promise<RecordedRun | undefined> {
    let past: RecordedRun | undefined;
    const slices = new TimeSlices();
    for (const [position, value] of entries.entries()) {
      try {
        const entry = checkEntry(value);
        if (past) past.#add(entry);
        else if (entry.type === 'run') past = new RecordedRun(entry);
        else throw misplaced(entry);
        await slices.after(workOf(entry));
      } catch (cause) {
        if (!(cause instanceof BanyanError)) throw cause;
        throw damaged(position + 1, cause.message, cause);
      }
    }
    return past;
  }

  #add(entry: JournalEntry): void {
    if (entry.type === 'run' || this.stopReason !== undefined) throw misplaced(entry);
    if (entry.type === 'end') this.stopReason = entry.stopReason;
    else if (entry.type === 'turn') this.#addTurn(entry);
    else this.#addToCall(entry);
  }

  /** A turn follows when all calls of the one before it have their results. */
  #addTurn({ type, step, turn, usage, read }: JournalTurn): void {
    const last = this.steps.at(-1);
    const calls = last?.turn.message.toolCalls.length ?? 0;
    if (step !== this.steps.length || (last && (calls === 0 || last.results.size < calls))) throw misplaced({ type });
    this.steps.push({ turn, usage, read, announced: new Set(), results: new Map() });
  }

  #addToCall(entry: Extract<JournalEntry, { type: 'call' | 'result' }>): void {
    const { step, index } = entry;
    const last = this.steps[step];
    const current = step === this.steps.length - 1 && index < (last?.turn.message.toolCalls.length ?? 0);
    if (!last || !current || last.results.has(index)) throw misplaced(entry);
    if (entry.type === 'result') {
      last.results.set(index, { ok: entry.ok, content: entry.content, ms: entry.ms });
    } else {
      if (last.announced.has(index) || entry.key !== callKey(this.run.id, step, index)) throw misplaced(entry);
      last.announced.add(index);
    }
  }
}

/** What checking an entry costs, in characters. */
function workOf(entry: JournalEntry): number {
  return 256 + (entry.type === 'turn' ? 4 * (entry.turn.prompt.length + entry.turn.tokens.length) : 0);
}

/** The same in every life of a run, and of no other call. */
export function callKey(run: string, step: number, index: number): string {
  return `${run}.${step}.${index}`;
}

function misplaced({ type }: Pick<JournalEntry, 'type'>): BanyanError {
  return new BanyanError('JOURNAL_INVALID', `no "${type}" can stand here`);
}
