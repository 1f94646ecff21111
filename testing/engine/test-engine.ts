import {
  loadBinding,
  type NativeEngine,
  type NativeEngineOptions,
  type NativeMessage,
  type NativeRequest,
  type NativeSampling,
  type NativeToolCall,
} from '../../src/native/binding.js';
import type { NativeDecision } from '../../src/native/decisions.js';
import { decodeEvents, type NativeEvent, type TokenLogprob } from '../../src/native/events.js';
import type { NativeStats } from '../../src/native/reports/stats.js';
import type { NativeUsage } from '../../src/native/reports/usage.js';
import type { FinishReason } from '../../src/native/vocabulary.js';
import { type RandomModelOptions, randomModel } from '../models/random-model.js';
import { deferred } from './deferred.js';

/** One thread and f32 KV: small, and close to the same numbers whatever the batch. */
export const engineOptions = (modelPath: string, changes: Partial<NativeEngineOptions> = {}): NativeEngineOptions => ({
  modelPath,
  gpuLayers: 0,
  threads: 1,
  kvTokens: 4096,
  stateBytes: 0,
  pageTokens: 16,
  maxRunning: 16,
  maxBatchTokens: 256,
  maxContext: 0,
  kvTypeK: 'f32',
  kvTypeV: 'f32',
  attention: 'auto',
  exact: false,
  prefixCache: true,
  batching: true,
  draftTokens: 'off',
  draftModel: '',
  chatTemplate: '',
  toolFormat: 'auto',
  pooling: 'auto',
  policy: {},
  ...changes,
});

export const greedy: NativeSampling = {
  temperature: 0,
  topK: 0,
  topP: 1,
  minP: 0,
  repeatPenalty: 1,
  frequencyPenalty: 0,
  presencePenalty: 0,
  penaltyLastN: 0,
  seed: 1,
  logprobs: -1,
};

export const nativeRequest = (prompt: ArrayLike<number>, changes: Partial<NativeRequest> = {}): NativeRequest => ({
  prompt: Int32Array.from(prompt),
  maxTokens: 8,
  class: 'workflow',
  program: 0,
  salt: '',
  thinkingTokens: -1,
  deadlineMs: 0,
  tenantWeight: 1,
  ttftLimitMs: 0,
  group: 0,
  groupSize: 0,
  staticTokens: 0,
  boundary: 0,
  begun: 0,
  cache: true,
  sampling: greedy,
  stop: [],
  logitBias: [],
  promptLogprobs: -1,
  draftTokens: true,
  jumpForward: 'verify',
  durable: false,
  grammar: '',
  jsonSchema: '',
  chat: null,
  ignoreEos: true,
  progress: false,
  ...changes,
});

/** How one request went, complete once it finished or failed. */
export interface Outcome {
  tokens: number[];
  text: string;
  logprobs: TokenLogprob[];
  toolCalls: NativeToolCall[];
  reason: FinishReason | undefined;
  usage: NativeUsage | undefined;
  message: NativeMessage | undefined;
  error: { code: string; message: string } | undefined;
}

export interface Running {
  id: number;
  outcome: Outcome; // grows while the request runs
  started: Promise<void>; // its first token, or its end
  done: Promise<Outcome>;
}

/** A binding-level engine whose events are sorted by request; `hook` sees every event first and may throw. */
export class TestEngine {
  native!: NativeEngine;
  buffers = 0; // calls from the addon
  readonly decisions: NativeDecision[] = []; // while native.setDecisions(true)
  hook: (event: NativeEvent) => void = () => {};
  readonly #requests = new Map<number, { running: Running; start: () => void; finish: () => void }>();
  readonly #ended = new Set<number>();

  static async open(
    model: string | RandomModelOptions = {},
    changes: Partial<NativeEngineOptions> = {},
  ): Promise<TestEngine> {
    const path = typeof model === 'string' ? model : randomModel(model);
    const engine = new TestEngine();
    engine.native = await loadBinding().loadEngine(
      engineOptions(path, changes),
      (buffer) => engine.#receive(buffer),
      () => {},
      new Int32Array(new SharedArrayBuffer(4)),
    );
    return engine;
  }

  submit(prompt: ArrayLike<number>, changes: Partial<NativeRequest> = {}): Running {
    const id = this.native.submit(nativeRequest(prompt, changes));
    const started = deferred<void>();
    const done = deferred<Outcome>();
    const outcome: Outcome = {
      tokens: [],
      text: '',
      logprobs: [],
      toolCalls: [],
      reason: undefined,
      usage: undefined,
      message: undefined,
      error: undefined,
    };
    const running = { id, outcome, started: started.promise, done: done.promise };
    this.#requests.set(id, { running, start: started.resolve, finish: () => done.resolve(outcome) });
    return running;
  }

  run(prompt: ArrayLike<number>, changes: Partial<NativeRequest> = {}): Promise<Outcome> {
    return this.submit(prompt, changes).done;
  }

  stats(): Promise<NativeStats> {
    return this.native.stats();
  }

  /** Asks between steps until it holds; every answer is a step further, so this needs no sleep. */
  async until(condition: (stats: NativeStats) => boolean, deadlineMs = 100_000): Promise<NativeStats> {
    const deadline = Date.now() + deadlineMs;
    for (;;) {
      const stats = await this.stats();
      if (condition(stats)) return stats;
      if (Date.now() > deadline) throw new Error(`not reached in ${deadlineMs} ms; stats: ${JSON.stringify(stats)}`);
    }
  }

  /** Throws unless the structures agree and every page is free or only cached. */
  async verifyIdle(): Promise<void> {
    const stats = await this.until(({ waiting, running }) => waiting === 0 && running === 0);
    const fault = await this.native.checkIntegrity();
    if (fault !== '') throw new Error(fault);
    if (stats.pagesFree + stats.pagesCached !== stats.pagesTotal)
      throw new Error(`pages leaked: ${JSON.stringify(stats)}`);
  }

  close(): Promise<void> {
    return this.native.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #receive(buffer: Uint8Array): void {
    this.buffers++;
    for (const event of decodeEvents(buffer)) {
      this.hook(event);
      if (event.type === 'decision') {
        this.decisions.push(event.decision);
        continue;
      }
      const request = this.#requests.get(event.request);
      if (this.#ended.has(event.request)) throw new Error(`event after its end: ${JSON.stringify(event)}`);
      if (!request) continue; // submitted past this harness
      const { outcome } = request.running;
      if (event.type === 'tokens') {
        outcome.tokens.push(...event.tokens);
        outcome.text += event.text;
        outcome.logprobs.push(...(event.logprobs ?? []));
      } else if (event.type === 'tool-call') outcome.toolCalls.push(event.call);
      else if (event.type === 'finish' || event.type === 'error') {
        if (event.type === 'error') outcome.error = { code: event.code, message: event.message };
        else Object.assign(outcome, { reason: event.reason, usage: event.usage, message: event.message });
        this.#requests.delete(event.request);
        this.#ended.add(event.request);
        request.finish();
      }
      request.start();
    }
  }
}
