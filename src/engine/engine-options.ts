import {
  checkFlag,
  checkFunction,
  checkInteger,
  checkKeys,
  checkName,
  checkOneOf,
  checkPowerOfTwo,
  checkSignal,
} from '../kit/option-checks.js';
import { readData, readOptions } from '../kit/read-options.js';
import type { LoadProgress } from '../model/model-source.js';
import type { NativeEngineOptions } from '../native/binding.js';
import type { NativePolicy } from '../native/policy.js';
import { KV_TYPES, type KvType } from '../native/vocabulary.js';

export interface EngineOptions {
  /**
   * Path of a GGUF, `hf:user/repo:quant`, or an https URL. What is downloaded stays; that takes the package node-llama-cpp.
   * Default: the small model that comes with Banyan.
   */
  model?: string | undefined;
  /** Where downloads go. Default: node-llama-cpp's models directory (~/.node-llama-cpp/models). */
  modelsDirectory?: string | undefined;
  /** Layers on the GPU. Default `auto`: all that fit. */
  gpuLayers?: number | 'auto' | undefined;
  /** Compute threads; 0: one a physical core, the default. The package's small model gets 1: its steps are too short to share. */
  threads?: number | undefined;
  /** Tokens that the page pool holds. Default 0: chosen from the model and the free memory. */
  kvTokens?: number | undefined;
  /**
   * Bytes of memory for saved states of recurrent layers (hybrid and recurrent models), beside those of running requests.
   * Prefixes are reused where a state was saved: one for each idle agent and a few shared ones are enough. Default 0: 64
   * states or more, at most an eighth of the free memory. `info.stateBytes` is one; fewer bytes switch reuse off.
   */
  stateBytes?: number | undefined;
  /** Tokens a page: a power of two, 1 to 256. Default 32. */
  pageTokens?: number | undefined;
  /** Requests that run at the same time; more wait. Default 16. */
  maxRunning?: number | undefined;
  /** Tokens of one step at most: decodes first, prefill chunks fill the rest. Below `maxRunning`, requests take turns. Default 512. */
  maxBatchTokens?: number | undefined;
  /** Tokens one request may reach. Default 0: what the model was trained for, at most the pool. */
  maxContext?: number | undefined;
  /** Type of the KV cache, or one for K and one for V. Default f16. */
  kvType?: KvType | { k: KvType; v: KvType } | undefined;
  /**
   * `paged`: our kernel, f32 arithmetic; `dense`: a mask over the pool, on any backend, where llama.cpp computes in f16:
   * logprobs differ by up to 0.004 nat even with `f32` pages. Default `auto`: `paged` where there is a kernel.
   */
  attention?: 'auto' | 'paged' | 'dense' | undefined;
  /** Default true. False recomputes every prompt: a baseline to compare with. */
  prefixCache?: boolean | undefined;
  /**
   * For development: `usage.miss.expected` and `explain()` say which token the cache holds where a prompt leaves it, so that a
   * time stamp in a system prompt is found. Default false: it may be of another request of the tenant.
   */
  revealMisses?: boolean | undefined;
  /** Default true. False runs one request at a time: a baseline to compare with. */
  batching?: boolean | undefined;
  /** A Jinja template instead of the model's own. */
  chatTemplate?: string | undefined;
  /** Numbers of the scheduling policy, and baselines to compare with. Default: native/core/policy/policy.h, costs measured. */
  policy?: NativePolicy | undefined;
  onProgress?: ((progress: LoadProgress) => void) | undefined;
  /** Aborts the download or the load; `Engine.load` then rejects with ABORTED. */
  signal?: AbortSignal | undefined;
}

const KNOWN = [
  ...[
    'model',
    'modelsDirectory',
    'gpuLayers',
    'threads',
    'kvTokens',
    'stateBytes',
    'pageTokens',
    'maxRunning',
    'maxBatchTokens',
  ],
  ...['maxContext', 'kvType', 'attention', 'prefixCache', 'batching', 'revealMisses', 'chatTemplate', 'policy'],
  ...['onProgress', 'signal'],
];
const MAX_TOKENS = 2 ** 30;

/** The caller's options, read once. Throws INVALID_OPTION. */
export function readEngineOptions(given: EngineOptions): EngineOptions {
  const options = readOptions('options', given, KNOWN);
  const { kvType, policy } = options;
  if (typeof kvType === 'object' && kvType !== null) options.kvType = readOptions('kvType', kvType, ['k', 'v']);
  if (policy !== undefined) options.policy = readData('policy', policy);
  return options;
}

/** Checks everything except that the model exists. `modelPath` is left empty: see model-file.ts. Throws INVALID_OPTION. */
export function toNativeEngineOptions(options: EngineOptions): NativeEngineOptions {
  checkKeys('options', options, KNOWN);
  if (options.model !== undefined) checkName('model', options.model);
  if (options.modelsDirectory !== undefined) checkName('modelsDirectory', options.modelsDirectory);
  checkFunction('onProgress', options.onProgress);
  checkSignal('signal', options.signal);
  checkFlag('revealMisses', options.revealMisses ?? false);
  const { gpuLayers = 'auto', kvType = 'f16' } = options;
  if (typeof kvType === 'object') checkKeys('kvType', kvType, ['k', 'v']);
  const kv = typeof kvType === 'object' ? kvType : { k: kvType, v: kvType };
  return {
    modelPath: '',
    gpuLayers: gpuLayers === 'auto' ? -1 : checkInteger('gpuLayers', gpuLayers, 0, 100_000),
    threads: checkInteger('threads', options.threads ?? (options.model === undefined ? 1 : 0), 0, 512),
    kvTokens: checkInteger('kvTokens', options.kvTokens ?? 0, 0, MAX_TOKENS),
    stateBytes: checkInteger('stateBytes', options.stateBytes ?? 0, 0, Number.MAX_SAFE_INTEGER),
    pageTokens: checkPowerOfTwo('pageTokens', options.pageTokens ?? 32, 256),
    maxRunning: checkInteger('maxRunning', options.maxRunning ?? 16, 1, 256),
    maxBatchTokens: checkInteger('maxBatchTokens', options.maxBatchTokens ?? 512, 1, 65_536),
    maxContext: checkInteger('maxContext', options.maxContext ?? 0, 0, MAX_TOKENS),
    kvTypeK: checkOneOf('kvType.k', kv.k, KV_TYPES),
    kvTypeV: checkOneOf('kvType.v', kv.v, KV_TYPES),
    attention: checkOneOf('attention', options.attention ?? 'auto', ['auto', 'paged', 'dense']),
    prefixCache: checkFlag('prefixCache', options.prefixCache ?? true),
    batching: checkFlag('batching', options.batching ?? true),
    chatTemplate: checkName('chatTemplate', options.chatTemplate ?? ''),
    policy: options.policy ?? {},
  };
}
