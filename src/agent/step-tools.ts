import type { ToolCall } from '../chat/chat-message.js';
import type { StepRecord } from './journal/step-record.js';
import { toolErrorText } from './results/tool-result.js';
import type { Tool } from './tool.js';
import { runTool, type ToolOutcome, type ToolRunOptions } from './tool-runner.js';

/** Hears of each call and result as it comes. `recorded`: it happened in an earlier life of the run. */
export interface StepToolsListener {
  called(call: ToolCall, recorded: boolean): void;
  ended(outcome: ToolOutcome, recorded: boolean): void;
}

/** The tool calls of one step. What is on record is not done again. */
export class StepTools {
  readonly #tools: readonly Tool[];
  readonly #options: ToolRunOptions;
  readonly #allowed: number;
  readonly #record: StepRecord;
  readonly #listener: StepToolsListener;
  readonly #running = new Map<number, Promise<ToolOutcome>>();
  #firstStart = 0;
  #lastEnd = 0;

  /** `allowed`: calls left in the run; more are refused. */
  constructor(
    tools: readonly Tool[],
    options: ToolRunOptions & { allowed: number },
    record: StepRecord,
    listener: StepToolsListener,
  ) {
    this.#tools = tools;
    this.#options = options;
    this.#allowed = options.allowed;
    this.#record = record;
    this.#listener = listener;
  }

  /** Nothing happens when this call was dispatched before: a streamed call comes again in the finished answer. */
  dispatch(index: number, call: ToolCall): void {
    if (this.#running.has(index)) return;
    const recorded = this.#record.past?.results.has(index) ?? false;
    if (this.#record.ended && !recorded) return;
    if (this.#running.size === 0) this.#firstStart = performance.now();
    this.#listener.called(call, recorded);
    this.#running.set(index, recorded ? this.#recall(index, call) : this.#run(index, call));
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
    this.#listener.ended(outcome, true);
    return outcome;
  }

  async #run(index: number, call: ToolCall): Promise<ToolOutcome> {
    const outcome = await this.#outcome(index, call, this.#running.size);
    this.#lastEnd = performance.now();
    await this.#record.result(index, outcome);
    this.#listener.ended(outcome, false);
    return outcome;
  }

  async #outcome(index: number, call: ToolCall, before: number): Promise<ToolOutcome> {
    if (before >= this.#allowed) return this.#fail(call, 'no more tool calls are allowed, answer with what you know');
    const tool = this.#tools.find(({ name }) => name === call.name);
    if (this.#record.past?.announced.has(index) && !tool?.idempotent) {
      return this.#fail(call, 'the run was interrupted during this call, it is unknown whether it had an effect');
    }
    const announce = () => this.#record.call(index);
    return runTool(this.#tools, call, { ...this.#options, idempotencyKey: this.#record.key(index), announce });
  }

  #fail(call: ToolCall, reason: string): ToolOutcome {
    return { call, ok: false, content: toolErrorText(reason, this.#options.resultLimit), ms: 0 };
  }
}
