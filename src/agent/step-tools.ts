import type { ToolCall } from '../chat/chat-message.js';
import type { StepRecord } from './journal/step-record.js';
import { toolErrorText } from './results/tool-result.js';
import type { AheadCall } from './speculation/ahead-call.js';
import type { Speculation } from './speculation/speculation.js';
import type { Tool } from './tool.js';
import { runTool, type ToolOutcome, type ToolRunOptions } from './tool-runner.js';

/** When a call happened: in an earlier life of the run; before the model made it, result and all; or when the model made it. */
export type CallTime = 'recorded' | 'ahead' | 'now';

/** Hears of each call and result as it comes. */
export interface StepToolsListener {
  called(call: ToolCall, time: CallTime): void;
  ended(outcome: ToolOutcome, time: CallTime): void;
}

/** The tool calls of one step. What is on record is not done again. */
export class StepTools {
  readonly #tools: readonly Tool[];
  readonly #options: ToolRunOptions;
  readonly #allowed: number;
  readonly #record: StepRecord;
  readonly #listener: StepToolsListener;
  readonly #speculation: Speculation | undefined;
  readonly #running = new Map<number, Promise<ToolOutcome>>();
  #firstStart = 0;
  #lastEnd = 0;

  /** `allowed`: calls left in the run; more are refused. `speculation`: calls that may have begun already. */
  constructor(
    tools: readonly Tool[],
    options: ToolRunOptions & { allowed: number },
    record: StepRecord,
    listener: StepToolsListener,
    speculation: Speculation | undefined,
  ) {
    this.#tools = tools;
    this.#options = options;
    this.#allowed = options.allowed;
    this.#record = record;
    this.#listener = listener;
    this.#speculation = speculation;
  }

  /** Nothing happens when this call was dispatched before: a streamed call comes again in the finished answer. */
  dispatch(index: number, call: ToolCall): void {
    if (this.#running.has(index)) return;
    const recorded = this.#record.past?.results.has(index) ?? false;
    if (this.#record.ended && !recorded) return;
    if (this.#running.size === 0) this.#firstStart = performance.now();
    const ahead = recorded || this.#refusal(index, call) ? undefined : this.#speculation?.take(call);
    const time = recorded ? 'recorded' : ahead?.ended ? 'ahead' : 'now';
    this.#listener.called(call, time);
    this.#running.set(index, recorded ? this.#recall(index, call) : this.#run(index, call, ahead, time));
  }

  /** The outcomes in the order of the calls, each as it comes. Those whose result could not be recorded reject. */
  get outcomes(): Promise<ToolOutcome>[] {
    return [...this.#running].sort(([a], [b]) => a - b).map(([, outcome]) => outcome);
  }

  /** Wall time from the first dispatch to the last result. */
  get ms(): number {
    return this.#lastEnd - this.#firstStart;
  }

  async #recall(index: number, call: ToolCall): Promise<ToolOutcome> {
    const { ok = false, content = '', ms = 0 } = this.#record.past?.results.get(index) ?? {};
    const outcome = { call, ok, content, ms };
    this.#lastEnd = Math.max(this.#lastEnd, this.#firstStart + ms);
    await null; // all calls are heard of first, as they were
    this.#listener.ended(outcome, 'recorded');
    return outcome;
  }

  async #run(index: number, call: ToolCall, ahead: AheadCall | undefined, time: CallTime): Promise<ToolOutcome> {
    const outcome = await this.#outcome(index, call, ahead);
    this.#lastEnd = performance.now();
    await this.#record.result(index, outcome);
    this.#listener.ended(outcome, time);
    return outcome;
  }

  /** Why the call gets no tool; undefined: it gets one. */
  #refusal(index: number, { name }: ToolCall): string | undefined {
    if (this.#running.size >= this.#allowed) return 'no more tool calls are allowed, answer with what you know';
    if (!this.#record.past?.announced.has(index)) return undefined;
    if (this.#tools.find((tool) => tool.name === name)?.idempotent) return undefined;
    return 'the run was interrupted during this call, it is unknown whether it had an effect';
  }

  async #outcome(index: number, call: ToolCall, ahead: AheadCall | undefined): Promise<ToolOutcome> {
    const refusal = this.#refusal(index, call);
    if (refusal !== undefined) return this.#fail(call, refusal);
    const announce = () => this.#record.call(index);
    const known = ahead && (await this.#speculation?.commit(ahead));
    if (known) {
      await announce(); // what ran ahead had no effect: it is on record once it counts
      return { ...known, call };
    }
    return runTool(this.#tools, call, { ...this.#options, idempotencyKey: this.#record.key(index), announce });
  }

  #fail(call: ToolCall, reason: string): ToolOutcome {
    return { call, ok: false, content: toolErrorText(reason, this.#options.resultLimit), ms: 0 };
  }
}
