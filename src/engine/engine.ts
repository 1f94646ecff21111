import { type AuditLog, checkAuditLog } from '../audit/audit-log.js';
import { type Backend, checkBackend, checkOpen } from '../backend/backend.js';
import { toChatSettings } from '../chat/chat-options.js';
import { keepMarks } from '../chat/marks/keep-marks.js';
import { toPlaces } from '../chat/marks/prompt-marks.js';
import {
  begunOf,
  checkCounts,
  checkPrompt,
  checkTokens,
  isMessages,
  type Prompt,
  preparePrompt,
} from '../chat/prompt.js';
import { checkShort } from '../chat/prompt-size.js';
import { readPrompt } from '../chat/read-prompt.js';
import { vocabularyDigest } from '../chat/vocabulary-digest.js';
import { type Embeddings, embed } from '../embedding/embedding.js';
import { EMBED, type EmbeddingOptions } from '../embedding/embedding-options.js';
import { checkEmbeds, checkGenerates } from '../embedding/model-kind.js';
import { type EmbeddingInput, readTexts } from '../embedding/texts.js';
import { complete } from '../kit/complete-options.js';
import { BanyanError } from '../kit/errors.js';
import { checkText, invalidOption } from '../kit/option-checks.js';
import { readTable } from '../kit/option-table.js';
import { reading } from '../kit/read-options.js';
import { EMBEDDING } from '../native/embedding-options.js';
import type { NativeModelInfo } from '../native/reports/model-info.js';
import type { NativeStats } from '../native/reports/stats.js';
import { type Decision, DecisionFeed } from '../observe/decision-feed.js';
import { compileAnswerSchema } from '../schema/compile-schema.js';
import { Recording, type RecordOptions } from '../trace/recording.js';
import type { EngineOptions } from './engine-options.js';
import { type Generation, start } from './generation.js';
import { loadBackend } from './load/load-backend.js';
import { placesOf, withKept } from './pins/keep-marked.js';
import { type Miss, nameMiss, Pin, type PinOptions, PREFIX, type PrefixOptions, prefixTokens } from './prefix-cache.js';
import { Program } from './program.js';
import { GENERATE, type GenerateOptions, toRequestSettings } from './request-options.js';
import { Session } from './session.js';
import { checkSetup, type SessionOptions, toSessionSetup } from './session-options.js';
import { DETOKENIZE, type DetokenizeOptions, TOKENIZE, type TokenizeOptions } from './tokenize-options.js';
import { auditCalls, auditEmbedding, auditLogOf, checkAudit } from './watch/call-audit.js';
import { type CallWatcher, watchCalls } from './watch/call-watch.js';
import { type RequestWatcher, watchRequests } from './watch/request-watch.js';
import { type EngineSnapshot, SNAPSHOT, type SnapshotOptions } from './watch/snapshot-options.js';

export type ModelInfo = NativeModelInfo;
export type EngineStats = NativeStats;

/** One loaded model: its thread, its pages, its prefix tree. Any number of requests, sessions and agents share it. */
export class Engine implements AsyncDisposable {
  readonly #backend: Backend;
  readonly #decisions: DecisionFeed;
  #recording: Promise<Recording> | undefined;
  #closing: Promise<void> | undefined;

  /** An engine on any backend, which it closes. Programs use `Engine.load()`. Throws INVALID_OPTION. */
  constructor(backend: Backend) {
    this.#backend = checkBackend(backend);
    this.#decisions = new DecisionFeed(backend);
  }

  /** Throws INVALID_OPTION, MODEL_NOT_FOUND, MODEL_INVALID, MODEL_UNSUPPORTED, DOWNLOAD_FAILED, OUT_OF_MEMORY, ABORTED, NO_NATIVE_ENGINE. */
  static async load(given: EngineOptions = {}): Promise<Engine> {
    return new Engine(await loadBackend(given));
  }

  get info(): ModelInfo {
    return this.#backend.info;
  }

  get closed(): boolean {
    return this.#backend.closed;
  }

  /**
   * One answer, streamed and awaitable. Messages go through the model's chat template; a text is completed as it is, without
   * one: ask a chat model with `generate([{ role: 'user', content: 'What is a banyan?' }])`, not with the bare question.
   * Throws INVALID_*, MODEL_UNSUPPORTED, CLOSED; what fails later rejects and ends the stream.
   */
  generate<Output = unknown>(prompt: Prompt, given: GenerateOptions<Output> = {}): Generation<Output> {
    checkOpen(this.#backend);
    checkGenerates(this.info);
    checkAudit(this.#backend);
    const options = readTable('options', given, GENERATE) as GenerateOptions<Output>;
    const settings = toRequestSettings(options, this.info.sampling);
    const schema = compileAnswerSchema(options.schema);
    const read = readPrompt(prompt);
    const places = options.marks && toPlaces(Array.isArray(read) && isMessages(read) ? read : [], options.marks);
    const checked = checkPrompt(this.info, read, toChatSettings(options, schema));
    const { tools = [], tenant = '', thinking = true } = options;
    const marks = isMessages(checked.prompt) ? keepMarks(checked.prompt, tools) : [];
    const found = preparePrompt(this.#backend, checked, options.signal, placesOf(places, marks));
    const prepared = marks.length > 0 ? withKept(found, places, marks) : found;
    const said = isMessages(checked.prompt) || typeof checked.prompt === 'string' ? checked.prompt : '';
    const call = () => ({ said, tools, tenant, thinking, schema: schema?.json });
    const asked = { settings, schema, signal: options.signal, call, begun: begunOf(checked) };
    return start(this.#backend, prepared, asked).generation;
  }

  /** A conversation that appends only what is new. Throws INVALID_OPTION, INVALID_MESSAGES, MODEL_UNSUPPORTED, CLOSED. */
  session(options: SessionOptions = {}): Session {
    checkOpen(this.#backend);
    checkGenerates(this.info);
    const setup = toSessionSetup(options);
    checkSetup(this.#backend, setup);
    return new Session(this.#backend, setup);
  }

  /**
   * A session with the past of one of another engine, to go on with here: that engine may be closed, or another model. Where
   * `vocabulary()` is the same it has the same tokens; else, and where the other engine was closed before anything asked for its vocabulary, it
   * has the messages, which the next turn's prompt renders anew: `session.tokens` is empty until then. A turn that runs there is not part of it.
   * Rejects with INVALID_OPTION, MODEL_UNSUPPORTED (its tools cannot be shown here), CLOSED.
   */
  async adopt(session: Session): Promise<Session> {
    checkOpen(this.#backend);
    const other = checkSession('session', session);
    await Promise.all([this.vocabulary(), other.readVocabulary()]);
    return this.adoptNow(other);
  }

  /** As `adopt()`, at once: by tokens only if both vocabularies were asked for before. Throws as that rejects. */
  adoptNow(session: Session): Session {
    const other = checkSession('session', session);
    checkOpen(this.#backend);
    checkGenerates(this.info);
    return other.onto(this.#backend);
  }

  /**
   * SHA-256, in hex, of how token ids read and how the chat template writes a conversation. Engines with the same one mean the same by
   * a conversation's tokens; '' in chat mode, which tells none. Computed once, in slices: milliseconds. Rejects with CLOSED.
   */
  vocabulary(): Promise<string> {
    return vocabularyDigest(this.#backend);
  }

  /**
   * A vector of each text, from an embedding model: texts of like meaning have vectors of a large inner product. Texts of many
   * calls share batches. A text of more than `info.maxContext` tokens is refused, never cut. Rejects with INVALID_OPTION,
   * PROMPT_TOO_LONG, MODEL_UNSUPPORTED, STEP_FAILED, ABORTED, CLOSED; `field` names the text.
   */
  async embed(texts: EmbeddingInput | readonly EmbeddingInput[], given: EmbeddingOptions = {}): Promise<Embeddings> {
    checkOpen(this.#backend);
    checkEmbeds(this.info);
    const options = readTable('options', given, EMBED);
    checkAudit(this.#backend);
    const settings = { ...complete(EMBEDDING, options), salt: options.tenant ?? '' };
    const read = readTexts(texts);
    const embeddings = await embed(this.#backend, read, settings, options.signal);
    auditEmbedding(this.#backend, settings.salt, read, embeddings.usage);
    return embeddings;
  }

  /** One agent run: pass it as `program` with its requests, tell it what happens, ask it what it cost. */
  program(): Program {
    checkOpen(this.#backend);
    return new Program(this.#backend);
  }

  /**
   * Token ids of a text of at most 65,536 characters, at once: a longer one would keep the event loop waiting. Special
   * tokens in the text are recognised; `addSpecial` (default false) adds the model's own beginning of text.
   */
  tokenize(text: string, options: TokenizeOptions = {}): Int32Array {
    const { addSpecial = false } = readTable('options', options, TOKENIZE);
    checkShort('text', checkText('text', text), 'tokenizeAsync');
    return this.#backend.tokenize(text, addSpecial);
  }

  /** Token ids of a text of any length, computed on another thread. Rejects with INVALID_OPTION, CLOSED. */
  async tokenizeAsync(text: string, options: TokenizeOptions = {}): Promise<Int32Array> {
    const { addSpecial = false } = readTable('options', options, TOKENIZE);
    return this.#backend.tokenizeLater(checkText('text', text), addSpecial);
  }

  /** The text of at most 65,536 tokens. `special` (default false) shows control tokens too. */
  detokenize(tokens: Int32Array | readonly number[], options: DetokenizeOptions = {}): string {
    const { special = false } = readTable('options', options, DETOKENIZE);
    const ids = reading('prompt', () => {
      checkShort('tokens', tokens, 'several calls');
      return checkTokens(tokens);
    });
    return this.#backend.detokenize(ids, special);
  }

  /** How many tokens `generate()` would put before the answer with the same prompt and options. Runs nothing. Rejects as `generate()`. */
  async countTokens(prompt: Prompt, given: GenerateOptions = {}): Promise<number> {
    return (await this.promptTokens(prompt, given)).length;
  }

  /** The token ids that `generate()` would put before the answer with the same prompt and options. Runs nothing. Rejects as `generate()`. */
  async promptTokens(prompt: Prompt, given: GenerateOptions = {}): Promise<Int32Array> {
    const options = readTable('options', given, GENERATE) as GenerateOptions;
    toRequestSettings(options);
    const settings = toChatSettings(options, compileAnswerSchema(options.schema));
    const checked = checkPrompt(this.info, readPrompt(prompt), settings);
    checkCounts(this.#backend);
    return (await preparePrompt(this.#backend, checked, options.signal)).prompt;
  }

  /** How much of a prompt is cached now, and where and why the rest is not; `expected` with `revealMisses`. Runs nothing. */
  async explain(prompt: Prompt, given: PrefixOptions = {}): Promise<Miss> {
    const options = readTable('options', given, PREFIX);
    const tokens = await prefixTokens(this.#backend, readPrompt(prompt), options);
    const miss = await this.#backend.explain(options.tenant ?? '', tokens);
    return nameMiss(miss, tokens, (ids) => this.#backend.detokenize(ids, true));
  }

  /** Keeps what is cached of a prompt for `ttlMs` (default 5 minutes), whatever else needs pages. */
  async pin(prompt: Prompt, options: PinOptions = {}): Promise<Pin> {
    return Pin.take(this.#backend, prompt, options);
  }

  /** Forgets every cached prefix that no request uses and no pin keeps; resolves to the pages freed. */
  async clearCache(): Promise<number> {
    return this.#backend.clearCache();
  }

  /** Counters and gauges, taken between two steps or in the midst of one. */
  async stats(): Promise<EngineStats> {
    return this.#backend.stats();
  }

  /**
   * What the engine holds and what waits, for eyes: the prefix tree, the pages, requests and why they wait, programs, the latest
   * steps. Numbers only. Taken as `stats()` are; its `tookMs` says what it cost the engine. Rejects with INVALID_OPTION, CLOSED,
   * MODEL_UNSUPPORTED on an engine elsewhere.
   */
  async snapshot(given: SnapshotOptions = {}): Promise<EngineSnapshot> {
    const { nodes = 10_000, sinceStep = 0 } = readTable('options', given, SNAPSHOT);
    return this.#backend.snapshot(nodes, sinceStep);
  }

  /** What the scheduler decides from now on, and why, in words: for tuning and debugging. Unread, it costs nothing. */
  decisions(): AsyncGenerator<Decision, void, undefined> {
    checkOpen(this.#backend);
    return this.#decisions.read();
  }

  /**
   * Tells `watcher` of each call that begins from now on, of sessions and agents too, when it has ended: what was asked, its
   * tokens, its cost. Returns what ends that. Calls that failed or never started are not told. Throws CLOSED.
   */
  watchCalls(watcher: CallWatcher): () => void {
    checkOpen(this.#backend);
    return watchCalls(this.#backend, watcher);
  }

  /**
   * Tells `watcher` of each request that begins from now on, of any caller, while it goes on and when it ends: for metrics and traces.
   * Returns what ends that. Unwatched, it costs nothing. Throws CLOSED.
   */
  watchRequests(watcher: RequestWatcher): () => void {
    checkOpen(this.#backend);
    return watchRequests(this.#backend, watcher);
  }

  /**
   * Records each request that begins from now on in a log of `AuditLog.open()`, of any caller: sessions, agents, a server, calls for vectors
   * too. Returns what ends that; the log stays its owner's. From the moment that nothing can be recorded nothing is asked: calls throw
   * AUDIT_FAILED. Throws INVALID_OPTION when there is a log already, AUDIT_FAILED, CLOSED.
   */
  audit(log: AuditLog): () => void {
    checkOpen(this.#backend);
    return auditCalls(this.#backend, checkAuditLog('log', log));
  }

  /** The log that requests are recorded in now (`audit()`); undefined: there is none. */
  get auditLog(): AuditLog | undefined {
    return auditLogOf(this.#backend);
  }

  /**
   * Writes what the engine is asked from now on to a file, for replay in the simulator: see trace.ts. Prompts cannot be
   * read from it unless asked for. Its owner alone can read the file; one that is there is refused unless `overwrite`. One
   * recording at a time. Rejects with INVALID_OPTION, CLOSED.
   */
  async record(path: string, options: RecordOptions = {}): Promise<Recording> {
    checkOpen(this.#backend);
    if (this.#recording) throw new BanyanError('INVALID_OPTION', 'A recording is under way: stop it first');
    const ended = () => {
      this.#recording = undefined;
    };
    this.#recording = Recording.start(path, options, this.info, (recorder) => {
      this.#backend.record(recorder);
      if (!recorder) ended();
    });
    this.#recording.catch(ended);
    return this.#recording;
  }

  /** Requests in flight reject with CLOSED; the model is freed. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    await this.#backend.close();
    this.#decisions.close();
    const recording = await this.#recording?.catch(() => undefined);
    await recording?.stop().catch(() => {}); // reported to the caller of stop()
  }
}

function checkSession(field: string, session: Session): Session {
  if (session instanceof Session) return session;
  throw invalidOption(field, 'a session of an engine', session);
}
