import { loadBinding, type NativeEngine, type NativeEngineOptions } from '../../src/native/binding.js';
import { decodeEvents } from '../../src/native/events.js';
import { greedy } from '../../test/support/test-engine.js';
import type { CallCost, System } from './system.js';

interface Pending {
  promptTokens: number;
  tokens: number[];
  resolve: (cost: CallCost) => void;
  reject: (reason: Error) => void;
}

/** Our engine at its binding: outputs can be forced to a length there. */
export class BanyanSystem implements System {
  readonly name: string;
  #native!: NativeEngine;
  readonly #pending = new Map<number, Pending>();

  private constructor(name: string) {
    this.name = name;
  }

  static async open(
    name: string,
    modelPath: string,
    changes: Partial<NativeEngineOptions> = {},
  ): Promise<BanyanSystem> {
    const system = new BanyanSystem(name);
    system.#native = await loadBinding().loadEngine(
      {
        modelPath,
        gpuLayers: 0,
        threads: 0,
        kvTokens: 16_384,
        pageTokens: 16,
        maxRunning: 32,
        maxBatchTokens: 512,
        maxContext: 0,
        kvTypeK: 'f16',
        kvTypeV: 'f16',
        attention: 'auto',
        prefixCache: true,
        batching: true,
        chatTemplate: '',
        ...changes,
      },
      (buffer) => system.#receive(buffer),
      () => {},
      new Int32Array(new SharedArrayBuffer(4)),
    );
    return system;
  }

  /** The baseline: one request at a time, every prompt computed whole. */
  static naive(modelPath: string, changes: Partial<NativeEngineOptions> = {}): Promise<BanyanSystem> {
    return BanyanSystem.open('naive', modelPath, { prefixCache: false, batching: false, ...changes });
  }

  get native(): NativeEngine {
    return this.#native;
  }

  call(prompt: readonly number[], outputTokens: number, program: number): Promise<CallCost> {
    const id = this.#native.submit({
      prompt: Int32Array.from(prompt),
      maxTokens: outputTokens,
      class: 'workflow',
      program,
      salt: '',
      cache: true,
      sampling: greedy,
      stop: [],
      grammar: '',
      jsonSchema: '',
      chat: null,
      ignoreEos: true,
    });
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { promptTokens: prompt.length, tokens: [], resolve, reject });
    });
  }

  /** Drops every cached prefix: each repetition starts cold. */
  async forget(): Promise<void> {
    await this.#native.clearCache();
  }

  close(): Promise<void> {
    return this.#native.close();
  }

  #receive(buffer: Uint8Array): void {
    for (const event of decodeEvents(buffer)) {
      const pending = this.#pending.get(event.request);
      if (!pending) continue;
      if (event.type === 'tokens') pending.tokens.push(...event.tokens);
      else if (event.type === 'error') pending.reject(new Error(`${event.code}: ${event.message}`));
      else if (event.type === 'finish') {
        this.#pending.delete(event.request);
        const { promptTokens, cachedTokens, ttftMs } = event.usage;
        pending.resolve({ tokens: pending.tokens, promptTokens, prefilledTokens: promptTokens - cachedTokens, ttftMs });
      }
    }
  }
}
