import { complete } from '../kit/complete-options.js';
import { checkOneOf, invalidOption } from '../kit/option-checks.js';
import { readTable } from '../kit/option-table.js';
import { readOptions } from '../kit/read-options.js';
import type { LoadProgress } from '../model/model-source.js';
import type { NativeEngineOptions } from '../native/binding.js';
import { CACHE, LOAD } from '../native/load-options.js';
import { callback, flag, group, name, type OptionsOf, other, signal } from '../native/option-kinds.js';
import { type NativePolicy, POLICY } from '../native/policy.js';
import { KV_TYPES, type KvType } from '../native/vocabulary.js';

type KvTypes = { k: KvType; v: KvType };

/** Where pages are kept when the pool has lost them, and for the next process. */
export interface CacheOptions extends OptionsOf<typeof CACHE> {}

/** What load has besides the options that the addon reads as they are. */
const MORE = {
  /**
   * Model: path of a GGUF, `hf:user/repo:quant`, or an https URL. What is downloaded stays; that takes the package
   * node-llama-cpp. Default: the small model that comes with Banyan.
   */
  model: name(),
  /** Directory of downloads. Default: node-llama-cpp's models directory (~/.node-llama-cpp/models). */
  modelsDirectory: name(),
  /** Type of the KV cache, or one for K and one for V. Default `f16`. */
  kvType: other<KvType | KvTypes>(`${KV_TYPES.join(', ')}, or { k, v } of them`, readKvType),
  /**
   * For development: `usage.miss.expected` and `explain()` say which token the cache holds where a prompt leaves it, so that a
   * time stamp in a system prompt is found. Default false: it may be of another request of the tenant.
   */
  revealMisses: flag(false),
  /** Numbers of the scheduling policy, and baselines to compare with. Default: those of the policy, costs measured. */
  policy: group<NativePolicy>(POLICY),
  /** Pages on disk: for when the pool has lost them, and for the next process. Default: pages are in memory only. */
  cache: group<CacheOptions>(CACHE),
  /** Callback that hears of the download and the load: `stage`, and `fraction` in [0, 1]. */
  onProgress: callback<(progress: LoadProgress) => void>(),
  /** Signal that aborts the download or the load; `Engine.load` then rejects with ABORTED. */
  signal: signal(),
};

/** Options of Engine.load(). */
export interface EngineOptions extends OptionsOf<typeof LOAD>, OptionsOf<typeof MORE> {}

/** The table of EngineOptions. */
export const ENGINE = { ...MORE, ...LOAD };

/** The caller's options, read once. Checks everything except that the model exists. Throws INVALID_OPTION. */
export function readEngineOptions(given: EngineOptions): EngineOptions {
  if (typeof given === 'string') throw invalidOption('options', `an object: { model: '${given}' }`, given);
  return readTable('options', given, ENGINE);
}

/** Of options that were read. `modelPath` is left empty: see model/model-file.ts. */
export function toNativeEngineOptions(options: EngineOptions): NativeEngineOptions {
  const { model, threads = model === undefined ? 1 : 0, kvType = 'f16', policy = {}, cache = {} } = options;
  const { draftTokens = options.draftModel ? 'auto' : 'off' } = options;
  const kv = typeof kvType === 'object' ? kvType : { k: kvType, v: kvType };
  return {
    ...complete(LOAD, { ...options, threads, draftTokens }),
    ...{ modelPath: '', kvTypeK: kv.k, kvTypeV: kv.v, policy, cache: complete(CACHE, cache) },
  };
}

function readKvType(field: string, value: unknown): KvTypes {
  const each = typeof value === 'object' ? readOptions(field, value as KvTypes, ['k', 'v']) : { k: value, v: value };
  return {
    k: checkOneOf(`${field}.k`, each.k, KV_TYPES),
    v: checkOneOf(`${field}.v`, each.v, KV_TYPES),
  };
}
