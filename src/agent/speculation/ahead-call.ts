import { randomUUID } from 'node:crypto';
import { onAbort } from '../../kit/abort-listeners.js';
import type { Tool } from '../tool.js';
import { runTool, type ToolOutcome, type ToolRunOptions } from '../tool-runner.js';

/** Milliseconds that a call ran ahead. */
export interface AheadTimes {
  /** Until its end, or until now. */
  readonly ms: number;
  /** Of those, before the model made the call. */
  readonly savedMs: number;
}

/** A call of a pure tool that the model has not made yet. It ends with the run, or when it is cancelled. */
export class AheadCall {
  readonly #stop = new AbortController();
  readonly #started = performance.now();
  readonly #outcome: Promise<ToolOutcome>;
  readonly #forget: () => void;
  #ended: number | undefined;

  /** `released`: called once the tool has let go, also one that does not listen to its signal. */
  constructor(tool: Tool, json: string, { signal, ...options }: ToolRunOptions, released: () => void) {
    const id = randomUUID();
    const call = { id: `ahead-${id}`, name: tool.name, arguments: json, input: JSON.parse(json) };
    let work: unknown;
    const execute: Tool['execute'] = (input, context) => {
      work = tool.execute(input, context);
      return work;
    };
    const held: Tool = Object.create(tool, { execute: { value: execute } });
    this.#forget = onAbort(signal, () => this.#stop.abort(signal.reason));
    const announce = async () => {}; // there is nothing to announce: it has no effect, and no result unless it is wanted
    const run = { ...options, signal: this.#stop.signal, idempotencyKey: `ahead.${id}`, announce };
    this.#outcome = runTool([held], call, run).finally(() => {
      this.#ended = performance.now();
      this.#forget();
    });
    void this.#outcome.then(() => work).then(released, released);
  }

  /** True: its outcome is there. */
  get ended(): boolean {
    return this.#ended !== undefined;
  }

  /** Never rejects. */
  get outcome(): Promise<ToolOutcome> {
    return this.#outcome;
  }

  /** `called`: when the model made the call, on the clock of `performance.now()`. */
  times(called = performance.now()): AheadTimes {
    const end = this.#ended ?? performance.now();
    return { ms: end - this.#started, savedMs: Math.min(end, called) - this.#started };
  }

  /** The model did not make it. */
  cancel(): void {
    if (!this.ended) this.#stop.abort(new Error('the model did not make this call'));
    this.#forget();
  }
}
