import { asBanyanError, BanyanError } from '../kit/errors.js';
import { invalidOption } from '../kit/option-checks.js';
import type {
  ChatFormat,
  ChatInput,
  Grammar,
  NativeEmbedding,
  NativeHint,
  NativeRequest,
  RenderedChat,
} from '../native/binding.js';
import type { NativeDecision } from '../native/decisions.js';
import type { EmbeddingEvent, RequestEvent as NativeRequestEvent } from '../native/events.js';
import type { NativeModelInfo } from '../native/reports/model-info.js';
import type { ProgramCost } from '../native/reports/program-report.js';
import type { NativeStats } from '../native/reports/stats.js';
import type { NativeMiss } from '../native/reports/usage.js';
import type { NativeSnapshot } from '../native/snapshot.js';
import type { Recorder } from '../trace/recorder.js';

/*
 * The door to what computes: the engine in this process (native-backend.ts), the one of the tests that follows a script, or
 * one on another machine. Every implementation is held to these promises by test/backend/promises.test.ts.
 *
 *   Callers     engine/, chat/ and observe/, on the JavaScript thread that opened it. No room above has a native handle.
 *   Errors      BanyanErrors only, with the public names of fields. What returns a promise rejects and never throws; the rest
 *               throws at the call. A call that failed has changed nothing.
 *   Requests    submit() gives an id and calls nothing back. Then the sink of the request gets its events, in order: `tokens`
 *               and `tool-call` as they come, last and once `finish` or `error`; with `progress` those of stages and of calls
 *               under way among them. Tokens, texts and calls of the events joined
 *               are those of the message; of a cancelled request they may be its beginning. Sinks return soon and never
 *               throw; they may call the backend. Requests end in any order, and one that fails ends alone.
 *               `prompt-logprobs`, where they were asked for, come before the first token.
 *   Embeddings  embed() is a request of its own: the sink gets `embedding` once a text, in any order, last and once `finish` or
 *               `error`. A model that generates text refuses it with MODEL_UNSUPPORTED, an embedding model refuses submit().
 *   Cancel      cancel() may come at any time. The request ends soon: with reason `cancelled` and all that was computed, or as
 *               it had ended already.
 *   Refusal     A request whose first token is not to be expected within its `ttftLimitMs` ends with the error BACKPRESSURE
 *               and without a token; `retryAfter` is the milliseconds, above 0, after which it may fit.
 *   Advice      hint() and pin() change what is kept and who goes first, never an answer. A backend may ignore them.
 *   Recording   The recorder hears of each submit, hint and end from record() on, in the order in which they happen.
 *   Secrets     `expected` of a miss is -1 unless the backend was opened to reveal it: it may be another request's token.
 *   Closing     From the call of close() on `closed` is true, and every call fails with CLOSED. Only `info` still answers, a
 *               recorder hears the last ends, and what takes something back (cancel, unpin, no listener) does nothing. Requests
 *               in flight have had their last event, `cancelled` or the error CLOSED, when close() resolves. A second close()
 *               is the first one.
 *
 * An implementation far away holds the same. It gets token ids and says what it cannot do: `explain` with the reason
 * `reuse-off`, a pin of 0 tokens, no report. ChatFormat and Grammar are read only by the backend that made them, so they may be
 * anything. Times count from submit(). A lost connection is a close: every request ends with an error, and `closed` is true.
 */
export interface Backend extends TokenCodec {
  /** True: `begun` of a request is heeded, an answer goes on from its tokens. Default: false. */
  readonly goesOn?: true;
  /** True from the call of close() on. */
  readonly closed: boolean;
  /** The id of a new request, unique in this backend. Throws INVALID_OPTION, PROMPT_TOO_LONG, CLOSED. */
  submit(request: BackendRequest, sink: RequestSink): number;
  /** The id of a new request, as of submit(). Throws INVALID_OPTION, PROMPT_TOO_LONG, MODEL_UNSUPPORTED, CLOSED. */
  embed(request: NativeEmbedding, sink: EmbeddingSink): number;
  /** False: no such request is in flight. Never throws for an id of submit() or embed(). */
  cancel(request: number): boolean;
  /** How far a prompt is cached now. Runs nothing. */
  explain(tenant: string, tokens: Int32Array): Promise<NativeMiss>;
  /**
   * Keeps what is cached of `tokens` for `ttlMs`, as far as the tenant's pins hold at most `share` (0 to 1) of all pages: the
   * pin's id, 0 for nothing, and the tokens that are pinned.
   */
  pin(tenant: string, tokens: Int32Array, ttlMs: number, share: number): Promise<{ id: number; tokens: number }>;
  /** False: the pin had expired or was released. */
  unpin(id: number): Promise<boolean>;
  /** Forgets cached prefixes that no request and no pin holds; the pages that it freed. */
  clearCache(): Promise<number>;
  /** Advice about a program. Throws INVALID_OPTION, CLOSED. */
  hint(program: number, hint: NativeHint): void;
  /** What a program has cost; undefined: nothing is known of it, or no longer. */
  programReport(program: number): Promise<ProgramCost | undefined>;
  /** Gauges and counters. */
  stats(): Promise<NativeStats>;
  /**
   * What is held and what waits, for eyes: at most `nodes` of the prefix tree, and steps after number `sinceStep`. Rejects with
   * MODEL_UNSUPPORTED where nothing of that is known.
   */
  snapshot(nodes: number, sinceStep: number): Promise<NativeSnapshot>;
  /** Gives the scheduler's decisions to this listener from now on, or makes none for undefined. Throws CLOSED. */
  watchDecisions(listener: ((decision: NativeDecision) => void) | undefined): void;
  /** Tells this recorder from now on, or none for undefined. Never throws. */
  record(recorder: Recorder | undefined): void;
  /** Ends what is in flight and frees what computes. */
  close(): Promise<void>;
}

/** What turns texts and conversations into token ids and back: all that chat/ needs of a backend. Requests are not waited for. */
export interface TokenCodec {
  /**
   * True: it is told messages as they are, and no token ids are known: prompts have none, what asks for them is refused with
   * MODEL_UNSUPPORTED. Default: false.
   */
  readonly inMessages?: true;
  /** What the model is, and the limits of its requests. */
  readonly info: NativeModelInfo;
  /** Token ids of a short text, special tokens in it recognised. `addSpecial`: the model's own beginning of text before it. */
  tokenize(text: string, addSpecial: boolean): Int32Array;
  /** The same for a text of any length, without keeping this thread. */
  tokenizeLater(text: string, addSpecial: boolean): Promise<Int32Array>;
  /** `special`: control tokens as texts, too. Throws INVALID_OPTION for ids that the model does not have. */
  detokenize(tokens: Int32Array, special: boolean): string;
  /** A conversation in the words of the model's template. Rejects with INVALID_MESSAGES, INVALID_TEMPLATE, PROMPT_TOO_LONG. */
  renderChat(input: ChatInput): Promise<RenderedChat>;
  /** A piece of a rendered chat with its special tokens, except in `literal` (positions in this piece). */
  tokenizeChat(text: string, literal: Int32Array): Promise<Int32Array>;
  /** A GBNF or the text of a JSON schema, the other being ''. Rejects with INVALID_GRAMMAR, INVALID_SCHEMA. */
  parseGrammar(grammar: string, jsonSchema: string): Promise<Grammar>;
}

/** A request that is ready to run: token ids, how its answer is constrained and read, who goes first. */
export interface BackendRequest extends Omit<NativeRequest, 'grammar' | 'jsonSchema'> {
  /** Of renderChat(): grammar and reading of the answer. Null: the answer is plain text. */
  chat: ChatFormat | null;
  /** What its owner calls it, in decisions about it; '': nothing. */
  label: string;
  /** Of parseGrammar(). Null: none, or the one in `chat`. */
  grammar: Grammar | null;
}

/** What becomes of a request, in order; `finish` or `error` is its last. */
export type RequestEvent =
  | Exclude<NativeRequestEvent, { type: 'error' }>
  | { type: 'error'; request: number; error: BanyanError };

/** Gets the events of one request. */
export type RequestSink = (event: RequestEvent) => void;

/** Gets the vectors of an embedding request, and its end. */
export type EmbeddingSink = (event: EmbeddingEvent | Extract<RequestEvent, { type: 'finish' | 'error' }>) => void;

/** Is this one? Throws INVALID_OPTION, which says how an engine is made: `new Engine()` is what a newcomer tries. */
export function checkBackend(backend: Backend): Backend {
  if (typeof Object(backend).submit === 'function') return backend;
  const hint =
    ': an engine is made by `await Engine.load({ model })`, one elsewhere by `await RemoteEngine.connect({ url })`';
  throw invalidOption('backend', 'what computes', backend, hint);
}

/** Throws CLOSED once the backend is closed. */
export function checkOpen(backend: Pick<Backend, 'closed'>): void {
  if (backend.closed) throw new BanyanError('CLOSED', 'The engine is closed');
}

/** What a call of the addon gives, while it is open. Throws CLOSED, or what the addon said as a BanyanError. */
export function asking<Result>(backend: Pick<Backend, 'closed'>, call: () => Result): Result {
  checkOpen(backend);
  try {
    return call();
  } catch (reason) {
    throw asBanyanError(reason);
  }
}
