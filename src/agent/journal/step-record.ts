import type { ToolMessage } from '../../chat/chat-message.js';
import type { Usage } from '../../engine/generation.js';
import type { Turn } from '../../engine/turn.js';
import type { JournalEntry, JournalResult } from './journal.js';
import { callKey, type PastStep, type RecordedRun } from './recorded-run.js';

/** One step of a run as far as it is on record, and how it gets there. */
export class StepRecord {
  /** Undefined: the model has not had its turn, or not to its end. */
  readonly past: PastStep | undefined;
  /** The run has ended: what is not on record will not happen. */
  readonly ended: boolean;
  readonly #run: string;
  readonly #step: number;
  readonly #append: (entry: JournalEntry) => Promise<void>;

  constructor(
    run: string,
    step: number,
    past: RecordedRun | undefined,
    append: (entry: JournalEntry) => Promise<void>,
  ) {
    this.past = past?.steps[step];
    this.ended = past?.stopReason !== undefined;
    this.#run = run;
    this.#step = step;
    this.#append = append;
  }

  /** The idempotency key of a call. */
  key(index: number): string {
    return callKey(this.#run, this.#step, index);
  }

  /** `read`: results that were cut before the model read them. */
  turn(turn: Turn, usage: Usage, read: readonly ToolMessage[] | undefined): Promise<void> {
    return this.#append({ type: 'turn', step: this.#step, turn, usage, ...(read && { read }) });
  }

  /** The tool gets the call when this has resolved. */
  async call(index: number): Promise<void> {
    if (this.past?.announced.has(index)) return;
    await this.#append({ type: 'call', step: this.#step, index, key: this.key(index) });
  }

  result(index: number, { ok, content, ms }: Pick<JournalResult, 'ok' | 'content' | 'ms'>): Promise<void> {
    return this.#append({ type: 'result', step: this.#step, index, ok, content, ms });
  }
}
