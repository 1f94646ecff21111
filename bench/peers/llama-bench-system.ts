import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { CallCost, RunningCall, System } from '../../testing/drive/system.js';

export interface LlamaBenchOptions {
  binary: string;
  model: string;
  threads: number;
}

/**
 * llama-bench with its own defaults: what the model alone takes, without a server, a sampler or words. It decodes one stream
 * of tokens of its own choice behind as many as the prompt has, so of what it tells only the time between tokens counts.
 */
export class LlamaBenchSystem implements System {
  readonly name = 'llama-bench';
  readonly #options: LlamaBenchOptions;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: LlamaBenchOptions) {
    this.#options = options;
  }

  static flags({ model, threads }: Omit<LlamaBenchOptions, 'binary'>): string[] {
    return ['-m', model, '-t', `${threads}`, '-p', '0', '-r', '1', '-o', 'json'];
  }

  start(prompt: readonly number[], outputTokens: number): RunningCall {
    const began = performance.now();
    const done = this.#last.then(() => this.#answer(began, prompt.length, outputTokens));
    this.#last = done.catch(() => {});
    return { done, cancel: () => {} };
  }

  /** Not told: its programs come and go. */
  cpuMs(): number {
    return Number.NaN;
  }

  async #answer(began: number, promptTokens: number, outputTokens: number): Promise<CallCost> {
    const args = [...LlamaBenchSystem.flags(this.#options), '-d', `${promptTokens}`, '-n', `${outputTokens}`];
    const { stdout } = await promisify(execFile)(this.#options.binary, args);
    const [{ avg_ns: ns }] = JSON.parse(stdout) as [{ avg_ns: number }];
    // It measures all of its tokens; from a first token to the last there is one less.
    const afterFirst = (ns / 1e6 / outputTokens) * (outputTokens - 1);
    const tokens = Array.from({ length: outputTokens }, () => 0);
    const ttftMs = performance.now() - began - afterFirst;
    return { tokens, promptTokens, prefilledTokens: promptTokens, queueMs: 0, ttftMs, gapsMs: [] };
  }

  async forget(): Promise<void> {}

  async close(): Promise<void> {}
}
