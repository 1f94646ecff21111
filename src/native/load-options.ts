import { flag, name, number, numberOr, word } from './option-kinds.js';

/** Options of load that the addon reads as they are. Ranges: EngineOptions and RunnerOptions in native/. */
export const LOAD = {
  /** Layers on the GPU, 0 to 100,000, or `auto`: all that fit. Default `auto`. */
  gpuLayers: numberOr('auto', 'load'),
  /** Compute threads, 0 to 512; 0: one a physical core. Default 0; 1 for the package's small model, whose steps are too short to share. */
  threads: number('load'),
  /** Tokens that the page pool holds, 0 to 1,073,741,824; 0: chosen from the model and the free memory. Default 0. */
  kvTokens: number('load', 0),
  /**
   * Bytes of memory for saved states of recurrent layers (hybrid and recurrent models), beside those of running requests,
   * 0 to 9,007,199,254,740,991. Prefixes are reused where a state was saved: one for each idle agent and a few shared ones are
   * enough. 0: 64 states or more, at most an eighth of the free memory. `info.stateBytes` is one; fewer bytes switch reuse
   * off. Default 0.
   */
  stateBytes: number('load', 0),
  /** Tokens a page, a power of two, 1 to 256. Default 32. */
  pageTokens: number('load', 32),
  /** Requests that run at the same time, 1 to 256; more wait. Default 16. */
  maxRunning: number('load', 16),
  /**
   * Most tokens of one step, 1 to 65,536: decodes first, prefill chunks fill the rest. Below `maxRunning`, requests take
   * turns. Default 512.
   */
  maxBatchTokens: number('load', 512),
  /** Tokens one request may reach, 0 to 1,073,741,824; 0: what the model was trained for, at most the pool. Default 0. */
  maxContext: number('load', 0),
  /**
   * What attends. `paged`: our kernel, f32 arithmetic; `dense`: a mask over the pool, on any backend, where llama.cpp computes
   * in f16: logprobs differ by up to 0.004 nat even with `f32` pages. `auto`: `paged` where there is a kernel. Default `auto`.
   */
  attention: word(['auto', 'paged', 'dense'], 'auto'),
  /**
   * An answer depends on its request alone: a token's logits have the same bits whatever shares its step, so answers are the same
   * with `draftTokens` as without, alone as beside others, with a cached prompt as with one that is computed. On a CPU with paged
   * attention, tried at load (INVALID_OPTION where it does not hold: weights of 16 or 32 bits, recurrent layers). It costs time:
   * a model with weights that ggml packs (of IQ4_NL and MXFP4; of most types on ARM and with AMX) is computed as it is in the file, and
   * prompts attend a few tokens at a time. Default false.
   */
  exact: flag(false),
  /** Reuse of prefixes; false recomputes every prompt: a baseline to compare with. Default true. */
  prefixCache: flag(true),
  /** Requests share steps; false runs one at a time: a baseline to compare with. Default true. */
  batching: flag(true),
  /**
   * Speculative decoding: tokens that a request may say next, as the prefix tree, its own text or the tenant's former answers
   * had them, are checked in the same step, up to 15 a request and 32 a step. Sampling is the request's own: tokens are the
   * same, but for rounding, as when requests share steps. `auto` checks as many as make tokens come soonest, by measured times of
   * steps and by how often drafts were right, and rests where they do not pay: it risks a hundredth of the time, four tokens and a step.
   * `always` checks all, whatever that takes. Not on models with recurrent layers, nor where the device samples
   * (`info.noDraftsReason`). Default `off`; `auto` with a `draftModel`.
   */
  draftTokens: word(['off', 'auto', 'always'], 'off'),
  /**
   * A second, smaller model of the same vocabulary that drafts tokens where no text does: path of a GGUF, `hf:user/repo:quant`, or
   * an https URL. It reads a conversation when it is to draft, once for all requests that share it, and takes memory for
   * its weights and for a pool of as many pages as `kvTokens` gives (`info.draftModelBytes`, `info.draftPoolBytes`). With
   * `draftTokens: 'auto'` its time is counted with that of the drafts: where it does not pay, it rests. Another vocabulary is
   * INVALID_OPTION; an embedding, recurrent or hybrid model MODEL_UNSUPPORTED; too little memory OUT_OF_MEMORY.
   * Or an EAGLE-3 head that was trained for the model, a GGUF of the architecture `eagle3`: it reads the model's hidden states
   * of each token, which are kept in host memory beside the pool. One for another model is INVALID_OPTION, a model of which
   * llama.cpp does not tell them MODEL_UNSUPPORTED. Or the word `mtp`: the MTP layer in the model's own file drafts in the same
   * way; a model without one is INVALID_OPTION. Default: none.
   */
  draftModel: name(''),
  /**
   * How an embedding model makes one vector of a text: the mean of its tokens' vectors, or that of its first (`cls`) or last
   * token. `auto`: as its file says; without a word there, a decoder generates text. Default `auto`.
   */
  pooling: word(['auto', 'mean', 'cls', 'last'], 'auto'),
  /** Jinja template instead of the model's own. Default: the model's. */
  chatTemplate: name(''),
  /**
   * Format of tools and calls. `template`: the chat template's, and one that shows no tools gets none. `auto`: there Banyan's
   * own, in which the tools are told among the instructions, calls stand between tags and results are said by the user.
   * Default `auto`.
   */
  toolFormat: word(['auto', 'template'], 'auto'),
};

/** Pages of the KV cache on disk: for when the pool has lost them, and for the next process. Ranges: CacheOptions in native/. */
export const CACHE = {
  /**
   * Directory of the pages, which processes and models may share. It is made when missing, and must be this user's own; deleting it
   * is safe at any time. Pages are not encrypted, and a prompt can be read out of them. Default: none, pages are in memory only.
   */
  dir: name(''),
  /** Bytes that the directory may take, all models together, 0 to 9,007,199,254,740,991. Default 10,737,418,240. */
  bytes: number('cache', 10 * 2 ** 30),
  /** Part of what is free on that disk, and of what the directory has already, that it may take, 0 to 1; 1: no bound. Default 1. */
  freeShare: number('cache', 1),
  /**
   * Bytes that are written to the directory in a day at most, by all processes and models together, 0 to 9,007,199,254,740,991.
   * Default 100,000,000,000.
   */
  dailyWriteBytes: number('cache', 100_000_000_000),
  /**
   * Part of the pool that is read from there when the engine starts, 0 to 0.5: system prompts with their tools first, then the
   * prompts that were used last; not of tenants, whose names are not on disk. Default 0.
   */
  prefetch: number('cache', 0),
  /** Take a directory on a network file system too. Default false. */
  network: flag(false),
};
