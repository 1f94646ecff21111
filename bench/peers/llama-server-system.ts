import { once } from 'node:events';
import type { CallCost, RunningCall, System } from '../../testing/drive/system.js';
import { cpuMsOf, type LlamaServer, post, startLlamaServer } from '../../testing/remote/llama-server.js';

export interface LlamaServerOptions {
  binary: string;
  model: string;
  slots: number;
  /** Tokens of KV of all slots. */
  context: number;
  threads: number;
  /** One buffer for all slots, or an equal part of it for each. */
  unified: boolean;
  /** Its fused attention. On CPUs with matrix instructions it is slower than matrix products. */
  flash: boolean;
  /** MiB of memory beside its KV for prompts that have left their slots, and come back. 0: none. Default: 8192, as its own. */
  cacheMib?: number;
}

interface Completion {
  tokens: number[];
  timings: { prompt_n: number; predicted_ms: number };
}

/**
 * llama-server with what helps agents most: the slot with the longest common prefix chosen for each call, checkpoints of
 * recurrent states without a minimum distance, idle slots kept in memory.
 */
export class LlamaServerSystem implements System {
  readonly name = 'llama-server';
  readonly #options: LlamaServerOptions;
  #server: LlamaServer;

  private constructor(options: LlamaServerOptions, server: LlamaServer) {
    this.#options = options;
    this.#server = server;
  }

  static flags(options: Omit<LlamaServerOptions, 'binary'>): string[] {
    const { model, slots, context, threads, unified, flash, cacheMib = 8192 } = options;
    return [
      ...['-m', model, '-c', `${context}`, '-np', `${slots}`, '-fa', flash ? 'on' : 'off', '-t', `${threads}`],
      ...(unified ? ['--kv-unified'] : []),
      ...['-b', '512', '-ub', '512', '--ctx-checkpoints', '64', '--checkpoint-min-step', '0'],
      ...['--cache-ram', `${cacheMib}`],
      ...(cacheMib > 0 ? ['--cache-idle-slots'] : []),
      ...['--slot-prompt-similarity', '0.1', '--no-webui'],
    ];
  }

  static async open(options: LlamaServerOptions): Promise<LlamaServerSystem> {
    return new LlamaServerSystem(options, await startLlamaServer(options.binary, LlamaServerSystem.flags(options)));
  }

  start(prompt: readonly number[], outputTokens: number): RunningCall {
    const stop = new AbortController();
    const done = this.#answer(prompt, outputTokens, stop.signal).catch((error: unknown) => {
      if (!stop.signal.aborted) throw error;
      // What was computed until then is not told: it is missing in the counts.
      return { tokens: [], promptTokens: 0, prefilledTokens: 0, queueMs: 0, ttftMs: 0, gapsMs: [] };
    });
    return { done, cancel: () => stop.abort() };
  }

  cpuMs(): number {
    return cpuMsOf(this.#server.child.pid as number);
  }

  async #answer(prompt: readonly number[], outputTokens: number, signal: AbortSignal): Promise<CallCost> {
    const began = performance.now();
    const body = { prompt, n_predict: outputTokens, temperature: 0, ignore_eos: true };
    const { tokens, timings } = (await post(
      `${this.#server.url}/completion`,
      { ...body, cache_prompt: true, return_tokens: true },
      signal,
    )) as Completion;
    const ttftMs = performance.now() - began - timings.predicted_ms;
    return { tokens, promptTokens: prompt.length, prefilledTokens: timings.prompt_n, queueMs: 0, ttftMs, gapsMs: [] };
  }

  /** A new process: it has no other way to forget what its slots and its memory hold. */
  async forget(): Promise<void> {
    await this.close();
    this.#server = await startLlamaServer(this.#options.binary, LlamaServerSystem.flags(this.#options));
  }

  async close(): Promise<void> {
    const { child } = this.#server;
    if (child.exitCode !== null || !child.kill('SIGKILL')) return;
    await once(child, 'exit');
  }
}
