import type { ToolCall } from '../engine/chat-message.js';
import type { Tool } from './tool.js';
import { toolErrorText } from './tool-result.js';
import { runTool, type ToolOutcome, type ToolRunOptions } from './tool-runner.js';

/** The tool calls of one step. Each starts as soon as the model has closed it, while the model may still be writing. */
export class StepTools {
  readonly #tools: readonly Tool[];
  readonly #options: ToolRunOptions;
  readonly #allowed: number;
  readonly #done: (outcome: ToolOutcome) => void;
  readonly #running = new Map<number, Promise<ToolOutcome>>();
  #firstStart = 0;
  #lastEnd = 0;

  /** `allowed`: calls left in the run; more are refused. `done` hears of each outcome as it comes. */
  constructor(
    tools: readonly Tool[],
    options: ToolRunOptions & { allowed: number },
    done: (outcome: ToolOutcome) => void,
  ) {
    this.#tools = tools;
    this.#options = options;
    this.#allowed = options.allowed;
    this.#done = done;
  }

  /** False when this call was dispatched before: a streamed call comes again in the finished answer. */
  dispatch(index: number, call: ToolCall): boolean {
    if (this.#running.has(index)) return false;
    if (this.#running.size === 0) this.#firstStart = performance.now();
    this.#running.set(index, this.#run(call));
    return true;
  }

  /** In the order of the calls. */
  async outcomes(): Promise<ToolOutcome[]> {
    const ordered = [...this.#running].sort(([a], [b]) => a - b).map(([, outcome]) => outcome);
    return Promise.all(ordered);
  }

  /** Wall time from the first dispatch to the last result. */
  get ms(): number {
    return this.#lastEnd - this.#firstStart;
  }

  async #run(call: ToolCall): Promise<ToolOutcome> {
    const refused = this.#running.size >= this.#allowed;
    const outcome = refused ? this.#refuse(call) : await runTool(this.#tools, call, this.#options);
    this.#lastEnd = performance.now();
    this.#done(outcome);
    return outcome;
  }

  #refuse(call: ToolCall): ToolOutcome {
    const content = toolErrorText(
      'no more tool calls are allowed, answer with what you know',
      this.#options.resultLimit,
    );
    return { call, ok: false, content, ms: 0 };
  }
}
