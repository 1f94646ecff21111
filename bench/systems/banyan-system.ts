import { loadBinding, type NativeEngine, type NativeEngineOptions } from '../../src/native/binding.js';
import { decodeEvents } from '../../src/native/events.js';
import { nativeRequest } from '../../test/support/test-engine.js';
import type { CallCost, CallOptions, System } from './system.js';

/** A request under way; what came of it so far. */
export interface RunningCall {
  readonly id: number;
  readonly tokens: number[];
  /** Milliseconds between tokens, as they arrived; and of CPU time of the process, which a busy machine cannot blur. */
  readonly gapsMs: number[];
  readonly gapsCpuMs: number[];
  readonly done: Promise<CallCost>;
}

interface Pending extends RunningCall {
  promptTokens: number;
  last: number;
  lastCpu: number;
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
        policy: {},
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

  call(prompt: readonly number[], outputTokens: number, program: number, options: CallOptions = {}): Promise<CallCost> {
    return this.start(prompt, outputTokens, program, options).done;
  }

  /** The same as a request that can be watched and cancelled; a cancelled one ends with what it has. */
  start(prompt: readonly number[], outputTokens: number, program: number, options: CallOptions = {}): RunningCall {
    const id = this.#native.submit(nativeRequest(prompt, { maxTokens: outputTokens, program, ...options }));
    const { promise, resolve, reject } = promiseOf<CallCost>();
    const empty = { tokens: [], gapsMs: [], gapsCpuMs: [], last: 0, lastCpu: 0 };
    const call = { id, ...empty, done: promise, promptTokens: prompt.length, resolve, reject };
    this.#pending.set(id, call);
    return call;
  }

  tell(program: number, kind: 'tool-started' | 'tool-ended' | 'finished', tool: string): void {
    this.#native.hint(program, { kind, tool, expectedMs: 0, salt: '', tokens: new Int32Array(0), steps: 1, from: 0 });
  }

  /** Drops every cached prefix: each repetition starts cold. */
  async forget(): Promise<void> {
    await this.#native.clearCache();
  }

  close(): Promise<void> {
    return this.#native.close();
  }

  #receive(buffer: Uint8Array): void {
    const now = performance.now();
    const { user, system } = process.cpuUsage();
    const cpu = (user + system) / 1000;
    for (const event of decodeEvents(buffer)) {
      const pending = this.#pending.get(event.request);
      if (!pending) continue;
      if (event.type === 'tokens') {
        pending.tokens.push(...event.tokens);
        if (pending.last > 0) {
          pending.gapsMs.push(now - pending.last);
          pending.gapsCpuMs.push(cpu - pending.lastCpu);
        }
        pending.last = now;
        pending.lastCpu = cpu;
      } else if (event.type === 'error') pending.reject(new Error(`${event.code}: ${event.message}`));
      else if (event.type === 'finish') {
        this.#pending.delete(event.request);
        const { promptTokens, cachedTokens, ttftMs } = event.usage;
        const { tokens, gapsMs } = pending;
        pending.resolve({ tokens, promptTokens, prefilledTokens: promptTokens - cachedTokens, ttftMs, gapsMs });
      }
    }
  }
}

function promiseOf<T>() {
  let resolve: (value: T) => void = () => {};
  let reject: (reason: Error) => void = () => {};
  const promise = new Promise<T>((resolved, rejected) => {
    resolve = resolved;
    reject = rejected;
  });
  return { promise, resolve, reject };
}
