import { createRequire } from 'node:module';
import type { EMBEDDING } from './embedding-options.js';
import type { CACHE, LOAD } from './load-options.js';
import type { Complete, NumberRange } from './option-kinds.js';
import type { RecordLayouts } from './packed/records.js';
import type { NativePolicy } from './policy.js';
import type { NativeKeptModel } from './reports/kept-model.js';
import type { NativeModelInfo } from './reports/model-info.js';
import type { NativeProgramReport } from './reports/program-report.js';
import type { NativeStats } from './reports/stats.js';
import type { NativeMiss } from './reports/usage.js';
import type { REQUEST } from './request-options.js';
import type { SAMPLING } from './sampling-options.js';
import type { NativeSimConfig, NativeSimResult, NativeSimWorkload } from './simulation.js';
import type { NativeSnapshot } from './snapshot.js';
import type { CALL_STAGES, FinishReason, KvType } from './vocabulary.js';

/** Opaque: a grammar that was parsed. */
export interface Grammar {
  readonly __brand: 'Grammar';
}

/** Opaque, garbage-collected: how a rendered chat constrains sampling and how its output is parsed (native handle). */
export interface ChatFormat {
  readonly __brand: 'ChatFormat';
}

/** Opaque, garbage-collected: reads one answer whose tokens another engine samples (native handle). */
export interface AnswerHandle {
  readonly __brand: 'AnswerReader';
}

/** What one token of another engine gave. `token` -1: it is an end token, no part of the output. */
export interface NativeReading extends NativeMessage {
  token: number;
  finished: boolean;
  firstCall: number; // index of toolCalls[0] in the answer
  pieces: NativeCallPiece[];
}

/** How an answer of another engine ended. */
export interface NativeAnswerEnd {
  last?: NativeReading; // what the end itself gave, unless a token had ended it
  reason: FinishReason;
  stopText: string;
  reasoningTokens: number;
  message: NativeMessage;
}

/** Everything is optional in `src/engine`; here every field is set and checked again natively. `none` stands for a number left out. */
export interface NativeEngineOptions extends Complete<typeof LOAD> {
  modelPath: string;
  kvTypeK: KvType;
  kvTypeV: KvType;
  policy: NativePolicy; // {} = the defaults, with costs measured at load and while running
  cache?: Complete<typeof CACHE>;
  vocabularyOnly?: boolean; // no weights: tokenizes, renders and reads answers for an engine elsewhere
}

export interface NativeSampling extends Complete<typeof SAMPLING> {}

export interface NativeRequest extends Complete<typeof REQUEST> {
  prompt: Int32Array;
  program: number; // 0 = none
  salt: string; // '' = shared by all; the tenant
  group: number; // siblings of one fork; 0 = none
  groupSize: number;
  staticTokens: number; // of the prompt: system prompt and tools, which leave the cache last
  boundary: number; // of the prompt: tokens with which the next one begins in any case; 0 = unknown
  begun: number; // of the prompt, the last ones: an answer that another engine began; this one goes on with it
  sampling: NativeSampling;
  logitBias: [token: number, bias: number][];
  stop: string[]; // in the answer's text; reasoning and calls may hold them
  grammar: string | Grammar; // GBNF, '' = none; or parsed, of either kind
  jsonSchema: string; // JSON Schema text, '' = none; not together with grammar
  chat: ChatFormat | null; // from renderChat: tool grammar, triggers and the parser of the output
  ignoreEos: boolean; // benchmarks: run to maxTokens
}

/** Texts to embed; every field is set. */
export interface NativeEmbedding extends Complete<typeof EMBEDDING> {
  texts: Int32Array[];
  salt: string; // '' = shared by all; the tenant
}

/** What a program is about to do. Fields that the kind does not need are '', 0 and empty. */
export interface NativeHint {
  kind: 'tool-started' | 'tool-ended' | 'waiting-for-human' | 'next-prefix' | 'branch-abandoned' | 'finished';
  tool: string;
  expectedMs: number; // 0 = unknown
  salt: string;
  tokens: Int32Array;
  steps: number; // requests of the program until it is needed, 1..1000
  from: number; // of an abandoned branch: tokens [0, from) are still wanted
}

export interface NativeToolCall {
  id: string;
  name: string;
  arguments: string; // JSON text as the model wrote it
}

/** A whole answer taken apart; content = everything when the request had no ChatFormat, and what is neither reasoning nor a whole call. */
export interface NativeMessage {
  content: string;
  reasoning: string;
  toolCalls: NativeToolCall[];
}

/** What is told of a call before it is whole. `id` and `name` of `call-start`, `arguments` of `call-args`; else ''. */
export interface NativeCallPiece extends NativeToolCall {
  type: (typeof CALL_STAGES)[number];
  index: number;
}

export interface ChatInput {
  messages: object[] | Uint8Array; // OpenAI chat format; bytes are its JSON in UTF-8
  tools: unknown[]; // OpenAI tool format
  toolChoice: 'auto' | 'none' | 'required';
  parallelToolCalls: boolean;
  addGenerationPrompt: boolean;
  jsonSchema: string; // of the answer's content, '' = none; not together with grammar
  grammar: string; // GBNF of the answer's content, '' = none
  enableThinking: boolean;
  continueAnswer: boolean; // the last message is the assistant's, and the answer goes on with it
  templateArgs: Record<string, string>;
}

export interface RenderedChat {
  prompt: string;
  /**
   * Where a message, a tool's result or its arguments spell out special tokens, which are only text there: positions in
   * `prompt`, begin and end by turns. Nearly always empty.
   */
  literal: Int32Array;
  tokens: Int32Array;
  /** Knows the template's own stop texts too. */
  format: ChatFormat;
}

/** Errors thrown or rejected by native code carry `code` (see src/kit/errors.ts) and sometimes `field`. */
export interface NativeEngine {
  readonly info: NativeModelInfo;
  /** Queues a request; its events follow. Throws INVALID_OPTION, PROMPT_TOO_LONG, INVALID_SCHEMA, INVALID_GRAMMAR, CLOSED. */
  submit(request: NativeRequest): number;
  /** Queues texts; a vector of each follows, and a finish. Throws INVALID_OPTION, PROMPT_TOO_LONG, MODEL_UNSUPPORTED, CLOSED. */
  embed(request: NativeEmbedding): number;
  /** False when the request is not known (any more). Its finish event (reason cancelled) follows at once, on a GPU after the running step. */
  cancel(request: number): boolean;
  /** On this thread: for short texts. */
  tokenize(text: string, addSpecial: boolean, parseSpecial: boolean): Int32Array;
  /** The same on a thread of Node's pool; bytes are UTF-8. */
  tokenizeLater(text: string | Uint8Array, addSpecial: boolean, parseSpecial: boolean): Promise<Int32Array>;
  detokenize(tokens: Int32Array, special: boolean): string;
  /** Rejects with PROMPT_TOO_LONG, without tokenizing it, when a prompt has more bytes than the context has room for. */
  renderChat(input: ChatInput): Promise<RenderedChat>;
  /** A piece of a rendered chat with its special tokens, except in `literal` (positions in this piece). */
  tokenizeChat(text: string, literal: Int32Array): Promise<Int32Array>;
  /** How an output that comes in `pieces` is read: what each of them adds to the answer, then what its end adds. */
  parseChat(format: ChatFormat, pieces: string[]): (NativeMessage & { pieces: NativeCallPiece[] })[];
  /**
   * Parses on a thread of Node's pool what submit would parse on this one: a GBNF or a JSON schema, the other being ''.
   * Rejects with INVALID_GRAMMAR, INVALID_SCHEMA.
   */
  parseGrammar(grammar: string, jsonSchema: string): Promise<Grammar>;
  /** GBNF of an answer of this format from its first token on, '' = none, and what the prompt has said of it already. */
  chatGrammar(format: ChatFormat | null): { grammar: string; begun: string };
  /** Reads the answer to a request that is sent elsewhere. Throws as submit. */
  openAnswer(request: NativeRequest): AnswerHandle;
  /** What each of the tokens gave, up to the one that ends the answer. */
  readAnswer(reader: AnswerHandle, tokens: Int32Array): NativeReading[];
  /** `reason`: why it ends here, unless a token has ended it. */
  endAnswer(reader: AnswerHandle, reason: FinishReason): NativeAnswerEnd;
  /** `count` tokens that are `text` before the token `last`, its end; empty: there are none. */
  missingTokens(text: string, count: number, last: number): Int32Array;
  explain(salt: string, tokens: Int32Array): Promise<NativeMiss>;
  /**
   * Keeps the cached prefix of `tokens` for ttlMs, as far as the pins of the salt hold at most `share` of all pages; resolves
   * to the pin's id (0: nothing) and tokens pinned.
   */
  pin(salt: string, tokens: Int32Array, ttlMs: number, share: number): Promise<{ id: number; tokens: number }>;
  unpin(id: number): Promise<boolean>;
  clearCache(): Promise<number>;
  /** Advice about a program; takes effect before the next step. Throws INVALID_OPTION, CLOSED. */
  hint(program: number, hint: NativeHint): void;
  /** null: nothing is known of it (any more). */
  programReport(program: number): Promise<NativeProgramReport | null>;
  /** Decision events from the next step on, or none. Throws CLOSED. */
  setDecisions(on: boolean): void;
  /** A snapshot, taken between two steps or in the midst of one. */
  stats(): Promise<NativeStats>;
  /** What is held and what waits: at most `nodes` (up to 100,000) of the tree, steps after number `sinceStep`. Asked as stats. */
  snapshot(nodes: number, sinceStep: number): Promise<NativeSnapshot>;
  /** Runs every checkIntegrity(), between two steps or in the midst of one; '' when all is well. */
  checkIntegrity(): Promise<string>;
  /** Cancels what runs (finish events are delivered), ends the thread, frees the model. Idempotent. */
  close(): Promise<void>;
}

/** What each option of one struct may be; `standard`: the native default, which only a policy leaves to it. */
export interface OptionLimits {
  readonly [name: string]:
    | (NumberRange & { readonly kind: 'number'; readonly standard: number | number[] })
    | { readonly kind: 'flag'; readonly standard: boolean }
    | { readonly kind: 'word'; readonly words: readonly string[]; readonly standard: string }
    | { readonly kind: 'text' }
    | { readonly kind: 'options'; readonly options: OptionLimits };
}

export interface Binding {
  readonly backend: 'cpu' | 'cuda' | 'metal';
  /** Empty, or why no GPU is used though this build, or one that was passed over, is for one. */
  readonly cpuReason: string;
  readonly version: string;
  readonly llamaVersion: string;
  /** What each option may be, by struct of options: load, request, embedding, hint, policy, cache. */
  readonly limits: Readonly<Record<string, OptionLimits>>;
  /** How the records of the event buffer are made up. */
  readonly records: RecordLayouts;
  /** The words of each list of vocabulary.ts, in the order of the native enum. */
  readonly words: Readonly<Record<string, readonly string[]>>;
  /**
   * Loads model and context on a worker thread. onProgress gets [0, 1], return value ignored; onEvents gets one packed
   * buffer a step (see events.ts). Rejects with MODEL_NOT_FOUND, MODEL_INVALID, MODEL_UNSUPPORTED, OUT_OF_MEMORY,
   * INVALID_OPTION, INVALID_TEMPLATE, ABORTED.
   */
  loadEngine(
    options: NativeEngineOptions,
    onEvents: (buffer: Uint8Array) => void,
    onProgress: (fraction: number) => void,
    signal: Int32Array, // [0] != 0 aborts the load; shared memory
  ): Promise<NativeEngine>;
  /** What a cache's directory holds; none where there is no such directory. Rejects with INVALID_OPTION, CACHE_FAILED. */
  keptModels(dir: string): Promise<NativeKeptModel[]>;
  /**
   * Removes what is kept of these (`folder`), and with `all` what tenants' tags are made with: the bytes that went. Rejects
   * with INVALID_OPTION, CACHE_FAILED.
   */
  removeKept(dir: string, folders: readonly string[], all: boolean): Promise<number>;
  /**
   * Runs the scheduler on a virtual clock, on a worker thread: same workload and configuration, same result (but for the
   * measured times). Rejects with INVALID_OPTION, OUT_OF_MEMORY, ABORTED.
   */
  simulate(workload: NativeSimWorkload, config: NativeSimConfig): Promise<NativeSimResult>;
}

/** Loads engine.node: a local build first, then a prebuilt (see native/index.cjs). Throws NO_NATIVE_ENGINE with what to do. */
export function loadBinding(): Binding {
  return loader().load();
}

function loader(): { load(): Binding } {
  try {
    return createRequire(import.meta.url)('../../native/index.cjs');
  } catch (cause) {
    const message =
      "Banyan's own files are not beside its code. A bundler that copies the code leaves them behind: keep the package out " +
      'of the bundle (esbuild --external:banyan, webpack externals, rollup external) and install it where it runs';
    throw Object.assign(new Error(message, { cause }), { code: 'NO_NATIVE_ENGINE' });
  }
}
