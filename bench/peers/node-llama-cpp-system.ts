import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import type { LlamaContext, LlamaContextSequence, Token } from 'node-llama-cpp';
import type { CallCost, RunningCall, System } from '../../testing/drive/system.js';

/** Absent: the peer is not installed. Banyan's own copy is there for its source and has no binary. */
export function peerPath(): string | undefined {
  const here = new URL('./node_modules/', import.meta.url);
  if (!existsSync(new URL('node-llama-cpp/package.json', here))) return undefined;
  return createRequire(here).resolve('node-llama-cpp');
}

export interface NodeLlamaCppOptions {
  model: string;
  sequences: number;
  /** Tokens of each sequence. */
  contextTokens: number;
  threads: number;
}

/**
 * node-llama-cpp with its own binary, used as well as its API allows: one context, sequences batched, each keeps what it
 * computed, and a call takes the free sequence that shares most with its prompt, so that an agent's history is never
 * computed twice. A call waits while no sequence is free.
 */
export class NodeLlamaCppSystem implements System {
  readonly name = 'node-llama-cpp';
  readonly release: string;
  readonly #free: LlamaContextSequence[];
  readonly #all: readonly LlamaContextSequence[];
  readonly #waiting: (() => void)[] = [];
  readonly #dispose: () => Promise<void>;

  private constructor(context: LlamaContext, sequences: number, release: string, dispose: () => Promise<void>) {
    this.#all = Array.from({ length: sequences }, () => context.getSequence());
    this.#free = [...this.#all];
    this.release = release;
    this.#dispose = dispose;
  }

  static async open({ model, sequences, contextTokens, threads }: NodeLlamaCppOptions): Promise<NodeLlamaCppSystem> {
    const { getLlama, LlamaLogLevel } = (await import(
      pathToFileURL(peerPath() as string).href
    )) as typeof import('node-llama-cpp');
    const llama = await getLlama({ gpu: false, build: 'never', logLevel: LlamaLogLevel.error });
    const loaded = await llama.loadModel({ modelPath: model });
    const context = await loaded.createContext({ sequences, contextSize: contextTokens, batchSize: 512, threads });
    const { release } = llama.llamaCppRelease;
    return new NodeLlamaCppSystem(context, sequences, release, () => llama.dispose());
  }

  start(prompt: readonly number[], outputTokens: number): RunningCall {
    const stop = new AbortController();
    return { done: this.#answer(prompt, outputTokens, stop.signal), cancel: () => stop.abort() };
  }

  async #answer(prompt: readonly number[], outputTokens: number, stop: AbortSignal): Promise<CallCost> {
    const began = performance.now();
    const sequence = await this.#take(prompt);
    const queueMs = performance.now() - began;
    try {
      await sequence.adaptStateToTokens(prompt as unknown as Token[], false);
      const fresh = prompt.slice(sequence.nextTokenIndex) as unknown as Token[];
      const tokens: number[] = [];
      let ttftMs = 0;
      for await (const token of sequence.evaluate(fresh, { temperature: 0, yieldEogToken: true })) {
        if (tokens.length === 0) ttftMs = performance.now() - began;
        tokens.push(token as unknown as number);
        if (tokens.length === outputTokens || stop.aborted) break;
      }
      return { tokens, promptTokens: prompt.length, prefilledTokens: fresh.length, queueMs, ttftMs, gapsMs: [] };
    } finally {
      this.#free.push(sequence);
      this.#waiting.shift()?.();
    }
  }

  async #take(prompt: readonly number[]): Promise<LlamaContextSequence> {
    while (this.#free.length === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    const shared = ({ contextTokens }: LlamaContextSequence) => {
      let length = 0;
      while (length < prompt.length && (contextTokens[length] as number | undefined) === prompt[length]) length++;
      return length;
    };
    const best = this.#free.map((sequence) => ({ sequence, length: shared(sequence) }));
    best.sort((a, b) => b.length - a.length || a.sequence.contextTokens.length - b.sequence.contextTokens.length);
    const [{ sequence }] = best as [(typeof best)[0]];
    this.#free.splice(this.#free.indexOf(sequence), 1);
    return sequence;
  }

  async forget(): Promise<void> {
    await Promise.all(this.#all.map((sequence) => sequence.clearHistory()));
  }

  close(): Promise<void> {
    return this.#dispose();
  }
}
