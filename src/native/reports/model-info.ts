/** What a model is, and what it is run with. */
export interface NativeModelInfo {
  path: string;
  /** As the GGUF names it: qwen3, llama ... */
  architecture: string;
  /** Of the GGUF's metadata; may be empty. */
  name: string;
  /**
   * SHA-256, in hex, of what tells these weights from others: metadata, shapes, samples of each tensor, sizes of the files.
   * The same in every place and under every file name; a fine-tune or another quantisation has another one.
   */
  digest: string;
  sizeBytes: number;
  parameters: number;
  /** Tokens that it was trained for. */
  contextTrain: number;
  vocabSize: number;
  /** Bytes of text that one token stands for at most; 0: unknown, the tokenizer drops or joins text. */
  longestToken: number;
  /**
   * How attention layers read their keys and values. `paged`: our kernel; `dense`: a mask over the pool; `stock`: llama.cpp's own
   * memory, or no attention layers. Hybrids are `paged`, their other layers keep states.
   */
  attention: 'paged' | 'dense' | 'stock';
  /** Empty when prefixes are reused; else why not (what the architecture would need, switched off ...). */
  noReuseReason: string;
  /** avx512, avx2, neon, portable, cuda, dense ... */
  kernel: string;
  backend: string;
  /** Empty, or why an engine that was built for a GPU computes on the CPU: no driver, no device ... */
  cpuReason: string;
  /** Of the pool, and how much each holds. */
  pages: number;
  pageTokens: number;
  pageBytes: number;
  /** Of the pool: reserved at load. Memory is taken as pages are written first. */
  poolBytes: number;
  /** Of the pool: written so far, when `info` was read last. Freed pages are used again before new ones. */
  poolUsedBytes: number;
  /**
   * States of recurrent layers that can be saved for later requests, in host memory beside the pool; 0: none. Each takes memory
   * when it is first saved. The `maxRunning` running requests have one more each.
   */
  states: number;
  /** Of one such state; 0 for plain transformers. */
  stateBytes: number;
  /** Of a model with sliding windows: tokens that such layers see; 0: it has none. */
  windowTokens: number;
  /** Of the pool: what such layers hold. They keep whole sequences, so that a prefix is reused at any of its tokens. */
  windowBytes: number;
  /** Of those: what the windows of `maxRunning` requests would need if nothing were reused. */
  windowNeededBytes: number;
  /** Tokens one request may reach, prompt and answer. */
  maxContext: number;
  maxRunning: number;
  maxBatchTokens: number;
  hasChatTemplate: boolean;
  /** May requests have tools? */
  supportsTools: boolean;
  /**
   * Whose format of tools and calls is used: `template`: the chat template's; `banyan`: Banyan's own, as the template shows no
   * tools; `none`: there is no chat template, or `toolFormat: 'template'` was asked for.
   */
  toolFormat: 'template' | 'banyan' | 'none';
  /** Does it show several calls of one turn? Where not, the model makes one call a turn. */
  supportsParallelCalls: boolean;
  /** Does it show a system message in the midst of a conversation, and there? Where not, it is told as the user's. */
  supportsLateSystem: boolean;
  /** The token that ends a turn. */
  eosText: string;
  /**
   * What its file recommends for sampling (`general.sampling.*`): the defaults of requests that do not ask for temperature 0. Empty: it
   * recommends nothing.
   */
  sampling: NativeSamplingAdvice;
  /** Empty, or what of its recommendations is left out, as it is no value of the option, or as servers cannot be told it. */
  samplingReason: string;
  /** How an embedding model makes one vector of a text; `none`: the model generates text. */
  pooling: 'none' | 'mean' | 'cls' | 'last';
  /** Numbers of its vectors; 0: the model generates text. */
  embeddingSize: number;
  /** Directory in which pages are kept on disk; empty: none. */
  cacheDir: string;
  /** Empty, or why pages are not kept on disk though `cache.dir` was given. */
  cacheReason: string;
  /** Drafts of tokens: as asked for, or `off` where they cannot be. */
  draftTokens: 'off' | 'auto' | 'always';
  /** Empty, or why `draftTokens` is off though it was asked for. */
  noDraftsReason: string;
  /** Path of the model or head that drafts; `mtp`: the model's own MTP layer; empty: there is none. */
  draftModel: string;
  /**
   * Of the draft model or head: bytes of its weights (0 of an MTP layer, which is counted with the model), and of its page pool,
   * which is reserved as the model's is; with a head, of the model's hidden states too, which it reads.
   */
  draftModelBytes: number;
  draftPoolBytes: number;
}

/** Sampling options that a model's file recommends, of the kinds that llama.cpp's own programs take from it. */
export interface NativeSamplingAdvice {
  readonly temperature?: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly minP?: number;
  readonly repeatPenalty?: number;
  readonly penaltyLastN?: number;
}
