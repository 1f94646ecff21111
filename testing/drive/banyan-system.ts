import { loadBinding, type NativeEngine, type NativeEngineOptions, type NativeHint } from '../../src/native/binding.js';
import { decodeEvents } from '../../src/native/events.js';
import { deferred } from '../engine/deferred.js';
import { engineOptions, nativeRequest } from '../engine/test-engine.js';
import type { CallCost, CallOptions, RunningCall, System } from './system.js';

/** A request under way; what came of it so far. */
export interface BanyanCall extends RunningCall {
  readonly tokens: number[];
  /** Milliseconds between tokens, as they arrived; and of CPU time of the process, which a busy machine cannot blur. */
  readonly gapsMs: number[];
  readonly gapsCpuMs: number[];
}

interface Pending extends BanyanCall {
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

  static async open(name: string, model: string, changes: Partial<NativeEngineOptions> = {}): Promise<BanyanSystem> {
    const system = new BanyanSystem(name);
    const size = { threads: 0, kvTokens: 16_384, maxRunning: 32, maxBatchTokens: 512 };
    system.#native = await loadBinding().loadEngine(
      engineOptions(model, { ...size, kvTypeK: 'f16', kvTypeV: 'f16', ...changes }),
      (buffer) => system.#receive(buffer),
      () => {},
      new Int32Array(new SharedArrayBuffer(4)),
    );
    return system;
  }

  /** The baseline: one request at a time, every prompt computed whole. */
  static naive(model: string, changes: Partial<NativeEngineOptions> = {}): Promise<BanyanSystem> {
    return BanyanSystem.open('naive', model, { prefixCache: false, batching: false, ...changes });
  }

  get native(): NativeEngine {
    return this.#native;
  }

  start(prompt: readonly number[], outputTokens: number, program: number, options: CallOptions = {}): BanyanCall {
    const id = this.#native.submit(nativeRequest(prompt, { maxTokens: outputTokens, program, ...options }));
    const { promise: done, resolve, reject } = deferred<CallCost>();
    const cancel = () => void this.#native.cancel(id);
    const call = { tokens: [], gapsMs: [], gapsCpuMs: [], last: 0, lastCpu: 0, done, cancel, resolve, reject };
    this.#pending.set(id, call);
    return call;
  }

  tell(program: number, kind: NativeHint['kind'], tool: string): void {
    this.#native.hint(program, { kind, tool, expectedMs: 0, salt: '', tokens: new Int32Array(0), steps: 1, from: 0 });
  }

  async computed(): Promise<number> {
    return (await this.#native.stats()).prefillTokens;
  }

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
        const { promptTokens, cachedTokens, queueMs, ttftMs } = event.usage;
        const { tokens, gapsMs } = pending;
        const prefilledTokens = promptTokens - (cachedTokens ?? 0);
        pending.resolve({ tokens, promptTokens, prefilledTokens, queueMs, ttftMs, gapsMs });
      }
    }
  }
}
