import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import type { LlamaContext, LlamaContextSequence, Token } from 'node-llama-cpp';
import type { CallCost, RunningCall, System } from '../../testing/drive/system.js';

/** Absent: the peer is not installed. */
export function peerPath(): string | undefined {
  try {
    return createRequire(new URL('./package.json', import.meta.url)).resolve('node-llama-cpp');
  } catch {
    return undefined;
  }
}

/**
 * node-llama-cpp with its own binary, used as well as its API allows: one context, a sequence an agent, sequences
 * batched, and each sequence keeps what it computed, so that an agent's history is never computed twice.
 */
export class NodeLlamaCppSystem implements System {
  readonly name = 'node-llama-cpp';
  readonly release: string;
  readonly #context: LlamaContext;
  readonly #sequences = new Map<number, LlamaContextSequence>();
  readonly #dispose: () => Promise<void>;

  private constructor(context: LlamaContext, release: string, dispose: () => Promise<void>) {
    this.#context = context;
    this.release = release;
    this.#dispose = dispose;
  }

  static async open(
    modelPath: string,
    sequences: number,
    contextTokens: number,
    threads: number,
  ): Promise<NodeLlamaCppSystem> {
    const { getLlama, LlamaLogLevel } = (await import(
      pathToFileURL(peerPath() as string).href
    )) as typeof import('node-llama-cpp');
    const llama = await getLlama({ gpu: false, build: 'never', logLevel: LlamaLogLevel.error });
    const model = await llama.loadModel({ modelPath });
    const context = await model.createContext({ sequences, contextSize: contextTokens, batchSize: 512, threads });
    const { release } = llama.llamaCppRelease;
    return new NodeLlamaCppSystem(context, release, () => llama.dispose());
  }

  start(prompt: readonly number[], outputTokens: number, program: number): RunningCall {
    return { done: this.#answer(prompt, outputTokens, program), cancel: () => {} };
  }

  async #answer(prompt: readonly number[], outputTokens: number, program: number): Promise<CallCost> {
    const sequence = this.#sequences.get(program) ?? this.#context.getSequence();
    this.#sequences.set(program, sequence);
    const began = performance.now();
    await sequence.adaptStateToTokens(prompt as unknown as Token[], false);
    const fresh = prompt.slice(sequence.nextTokenIndex) as unknown as Token[];
    const tokens: number[] = [];
    let ttftMs = 0;
    for await (const token of sequence.evaluate(fresh, { temperature: 0, yieldEogToken: true })) {
      if (tokens.length === 0) ttftMs = performance.now() - began;
      tokens.push(token as unknown as number);
      if (tokens.length === outputTokens) break;
    }
    return { tokens, promptTokens: prompt.length, prefilledTokens: fresh.length, queueMs: 0, ttftMs, gapsMs: [] };
  }

  async forget(): Promise<void> {
    await Promise.all([...this.#sequences.values()].map((sequence) => sequence.clearHistory()));
  }

  close(): Promise<void> {
    return this.#dispose();
  }
}
