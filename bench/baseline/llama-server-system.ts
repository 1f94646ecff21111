import { once } from 'node:events';
import type { CallCost, RunningCall, System } from '../../testing/drive/system.js';
import { cpuMsOf, type LlamaServer, post, startLlamaServer } from './llama-server.js';

export interface LlamaServerOptions {
  binary: string;
  model: string;
  slots: number;
  /** Tokens of the buffer that all slots share. */
  context: number;
  threads: number;
}

interface Completion {
  tokens: number[];
  timings: { prompt_n: number; predicted_ms: number };
}

/**
 * llama-server with what helps agents most: all slots in one KV buffer, flash attention, the slot with the longest common
 * prefix chosen for each call, checkpoints of recurrent states without a minimum distance, idle slots kept in memory.
 */
export class LlamaServerSystem implements System {
  readonly name = 'llama-server';
  readonly #options: LlamaServerOptions;
  #server: LlamaServer;

  private constructor(options: LlamaServerOptions, server: LlamaServer) {
    this.#options = options;
    this.#server = server;
  }

  static flags({ model, slots, context, threads }: LlamaServerOptions): string[] {
    return [
      ...['-m', model, '-c', `${context}`, '-np', `${slots}`, '--kv-unified', '-fa', 'on', '-t', `${threads}`],
      ...['-b', '512', '-ub', '512', '--ctx-checkpoints', '64', '--checkpoint-min-step', '0', '--cache-ram', '8192'],
      ...['--cache-idle-slots', '--slot-prompt-similarity', '0.1', '--no-webui'],
    ];
  }

  static async open(options: LlamaServerOptions): Promise<LlamaServerSystem> {
    return new LlamaServerSystem(options, await startLlamaServer(options.binary, LlamaServerSystem.flags(options)));
  }

  start(prompt: readonly number[], outputTokens: number): RunningCall {
    return { done: this.#answer(prompt, outputTokens), cancel: () => {} };
  }

  cpuMs(): number {
    return cpuMsOf(this.#server.child.pid as number);
  }

  async #answer(prompt: readonly number[], outputTokens: number): Promise<CallCost> {
    const began = performance.now();
    const { tokens, timings } = (await post(`${this.#server.url}/completion`, {
      prompt,
      n_predict: outputTokens,
      temperature: 0,
      ignore_eos: true,
      cache_prompt: true,
      return_tokens: true,
    })) as Completion;
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
