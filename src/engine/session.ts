import { type Backend, checkOpen } from '../backend/backend.js';
import type { ChatMessage, ToolMessage } from '../chat/chat-message.js';
import { toChatSettings } from '../chat/chat-options.js';
import { knownPrefix } from '../chat/known-prefix.js';
import { keepMarks } from '../chat/marks/keep-marks.js';
import type { KnownPlace } from '../chat/marks/prompt-marks.js';
import { type NextTurn, nextTurn } from '../chat/next-turn.js';
import { afterChange, type Summary } from '../chat/overflow/context-change.js';
import { type OnOverflow, toOverflow } from '../chat/overflow/overflow-options.js';
import { checkCounts } from '../chat/prompt.js';
import { readMessages } from '../chat/read-prompt.js';
import { sameVocabulary, vocabularyDigest } from '../chat/vocabulary-digest.js';
import { BanyanError } from '../kit/errors.js';
import { invalidOption } from '../kit/option-checks.js';
import { readTable } from '../kit/option-table.js';
import { reading } from '../kit/read-options.js';
import type { OptionsOf } from '../native/option-kinds.js';
import { compileAnswerSchema } from '../schema/compile-schema.js';
import { type Asked, type Generation, start } from './generation.js';
import { cutAnswer, preparedRest } from './history/cut-answer.js';
import { continued, type History, lastTurnOf, untold, withRest, withTurn } from './history/history.js';
import { writtenSummary } from './history/written-summary.js';
import { placesOf, withKept } from './pins/keep-marked.js';
import { Program, toHint } from './program.js';
import type { Request } from './request.js';
import { TURN, type TurnOptions, toRequestSettings } from './request-options.js';
import {
  checkSetup,
  FORK,
  type ForkOptions,
  NEXT_TURN,
  REST,
  type RestOptions,
  type SessionSetup,
} from './session-options.js';
import { checkTurn, isRewritten, type Turn } from './turn.js';
import { checkAudit } from './watch/call-audit.js';

/** An answer that has ended. */
type Answer = Pick<Turn, 'tokens' | 'message' | 'finishReason'>;

/**
 * One conversation. It keeps token ids and appends only what is new, so each turn's prompt begins with the whole last one
 * and its answer: nothing is computed twice while the pages live. One turn at a time; forks are independent.
 */
export class Session implements AsyncDisposable {
  readonly #backend: Backend;
  readonly #setup: SessionSetup;
  /** How many tokens a fork has in common with its trunk; undefined: it is none, or has forgotten some of them. */
  #shared: number | undefined;
  #program: Program | undefined;
  #history: History;
  #running: Request<NextTurn> | undefined;
  #closing: Promise<void> | undefined;
  /** True: what was restored is about to be fetched from disk. */
  #fetches = false;

  /** Use `engine.session()`. */
  constructor(backend: Backend, setup: SessionSetup, history?: History) {
    this.#shared = history?.tokens.length;
    this.#backend = backend;
    this.#setup = setup;
    this.#history = history ?? untold(setup.opening);
  }

  /** Token ids of the finished turns, answers included, that are not forgotten. A copy. */
  get tokens(): Int32Array {
    return this.#history.tokens.slice();
  }

  /** What was said, without what was forgotten, and with what stands for it (`onOverflow`). */
  get messages(): readonly ChatMessage[] {
    const { messages, pushed } = this.#history;
    return pushed.length === 0 ? messages : [...messages, ...pushed];
  }

  /** The turn that ended last, as data; undefined before the first one. Of a fork: its trunk's. */
  get lastTurn(): Turn | undefined {
    return lastTurnOf(this.#history);
  }

  /** Tenant that it is of; '': of none. */
  get tenant(): string {
    return this.#setup.tenant;
  }

  /** What becomes of a turn that no longer fits the context. */
  get onOverflow(): OnOverflow {
    return this.#setup.overflow.how;
  }

  /** The agent run of its turns, if they name no other: what it was given, or its own. */
  get program(): Pick<Program, 'id'> {
    const given = this.#setup.defaults.program;
    if (given) return given;
    this.#program ??= new Program(this.#backend);
    return this.#program;
  }

  /** Seed of its turns that give none; undefined: each is random. */
  get seed(): number | undefined {
    return this.#setup.defaults.seed;
  }

  /** True while a turn runs. */
  get busy(): boolean {
    return this.#running !== undefined;
  }

  /**
   * The next turn: a user's text, or messages (tool results). Results may come in any order; the model reads of calls that
   * have none that they were cancelled. A turn that fails, is cancelled before its first token, or is asked for none
   * (`maxTokens: 0`, which warms the cache for it), leaves the session as it was; later than that, what was said stays said.
   * One that does not fit the context rejects with PROMPT_TOO_LONG, or the session makes room for it (`onOverflow`). Throws
   * SESSION_BUSY, CLOSED, INVALID_*.
   */
  generate<Output = unknown>(
    message: string | ChatMessage | readonly ChatMessage[],
    options: TurnOptions<Output> = {},
  ): Generation<Output> {
    this.#checkFree();
    checkAudit(this.#backend);
    const { prepared, ...asked } = this.#next(message, options, true);
    const { request, generation } = start(this.#backend, prepared, asked);
    this.#follow(request, ({ prompt, messages, change, staticTokens, known }, answer) => {
      const rest = change ? prompt : prompt.subarray(this.#history.tokens.length);
      this.#append(messages, rest, { ...answer, staticTokens, dropped: 0, ...change }, known);
    });
    return generation;
  }

  /**
   * Goes on with the last answer, which its limit or a cancel cut (finishReason `length`, `cancelled`), by its tokens: no conversation is
   * rendered, and reasoning, a call or JSON in which it was cut goes on too. Give it the options of that turn (schema, `toolChoice`,
   * `thinking`): at temperature 0 it is then the answer that a higher limit would have given, else its rest is drawn anew. `text`, `reasoning`, `toolCalls` and `object` of the
   * result are those of the whole answer, as the session then has it; its `tokens`, `usage` and events are of what came now. A turn that
   * fails leaves the session as it was. Throws SESSION_BUSY, CLOSED, INVALID_*; INVALID_MESSAGES: there is no such answer;
   * MODEL_UNSUPPORTED: the engine is elsewhere.
   */
  continueAnswer<Output = unknown>(options: RestOptions<Output> = {}): Generation<Output> {
    this.#checkFree();
    checkAudit(this.#backend);
    const history = this.#history;
    const last = cutAnswer(this.#backend, history);
    const { settings, chat, ...asked } = this.#asked(readTable('options', options, REST) as RestOptions<Output>);
    if (settings.maxTokens === 0) throw invalidOption('maxTokens', 'at least 1 for the rest of an answer', 0);
    const prepared = preparedRest(this.#backend, history, chat);
    const call = () => ({ ...asked.about, said: history.messages });
    const rest = { settings: { ...settings, begun: history.tokens.length - last.answer }, told: last.message, call };
    const { request, generation } = start(this.#backend, prepared, { ...asked, ...rest });
    this.#follow(request, (_, answer) => {
      this.#history = withRest(history, last, answer);
    });
    return generation;
  }

  /** How many tokens the prompt of such a turn would have, without a summary. Runs nothing. Throws and rejects as `generate()`. */
  async countTokens(
    message: string | ChatMessage | readonly ChatMessage[],
    options: TurnOptions = {},
  ): Promise<number> {
    this.#checkFree();
    checkCounts(this.#backend);
    return (await this.#next(message, options, false).prepared).prompt.length;
  }

  /** The next turn as it is asked for: its prompt under way, and the settings of its answer. `run`: a summary may be written. */
  #next<Output>(
    message: string | ChatMessage | readonly ChatMessage[],
    options: TurnOptions<Output>,
    run: boolean,
  ): Asked<Output> & { prepared: Promise<NextTurn> } {
    const given = readTable('options', options, TURN) as TurnOptions<Output>;
    const messages = continued(this.#history, readMessages(message), this.#history.pushed, given.marks);
    const { tools, overflow } = this.#setup;
    const { turn, settings, schema, chat, signal, about } = this.#asked(given);
    const stop = new AbortController();
    const summarise =
      run && settings.maxTokens !== 0 ? () => this.#summarise(turn as TurnOptions, stop.signal) : undefined;
    const more = { overflow, maxTokens: settings.maxTokens, signal, summarise };
    const marks = keepMarks(messages.messages, tools);
    const asked = { ...messages, places: placesOf(messages.places, marks) };
    const found = nextTurn(this.#backend, this.#history, asked, chat, more);
    const prepared = marks.length > 0 ? withKept(found, messages.places, marks) : found;
    let said = messages.messages;
    const kept = (next: NextTurn) => {
      said = next.messages;
    };
    prepared.then(kept, () => {}); // the request tells of its failure
    return { prepared, settings, schema, signal, call: () => ({ ...about, said }), cancelled: () => stop.abort() };
  }

  /** Options over the defaults of the session, and what they are for the engine, the template and those who watch. Throws INVALID_*. */
  #asked<Output>(given: TurnOptions<Output>) {
    const { defaults, tenant, tools } = this.#setup;
    const turn: TurnOptions<Output> = { ...(defaults as TurnOptions<Output>), ...given };
    const request = { ...turn, tools, tenant, program: turn.program ?? this.program };
    const settings = toRequestSettings(request, this.#backend.info.sampling);
    const schema = compileAnswerSchema(turn.schema);
    const chat = toChatSettings({ ...turn, tools }, schema);
    const about = { tools, tenant, thinking: turn.thinking ?? true, schema: schema?.json };
    return { turn, settings, schema, chat, signal: turn.signal, about };
  }

  /** A summary of all turns so far, by a fork: of a long conversation only the order to write it is computed. */
  async #summarise(
    { deadlineMs, ttftLimitMs, label, program, ...turn }: TurnOptions,
    stop: AbortSignal,
  ): Promise<Summary> {
    const { overflow, tools } = this.#setup;
    const history = { ...this.#history, pushed: [] };
    const setup = { ...this.#setup, overflow: toOverflow('trim'), defaults: { class: turn.class, cache: turn.cache } };
    const fork = new Session(this.#backend, setup, history);
    const more = { deadlineMs, ttftLimitMs, label, program: program ?? this.program, signal: stop };
    return writtenSummary(fork, history.last?.said, {
      overflow,
      tools,
      maxContext: this.#backend.info.maxContext,
      more,
    });
  }

  /**
   * Messages that the next turn begins with, before its own: what became of calls that no run waits for any more. Runs
   * nothing. Throws SESSION_BUSY, CLOSED, INVALID_MESSAGES.
   */
  push(messages: ChatMessage | readonly ChatMessage[]): void {
    this.#checkFree();
    const pushed = [...this.#history.pushed, ...readMessages(messages)];
    continued(this.#history, [], pushed);
    this.#history = { ...this.#history, pushed };
  }

  /**
   * Tells the engine how the next turn's prompt begins while tools run: with the last turn and the results that are there, up
   * to the first that is not. That is computed while the engine has nothing else to do. Advice: a turn that comes meanwhile
   * makes it void. Rejects with SESSION_BUSY, CLOSED, INVALID_*.
   */
  async nextPrefix(
    results: ToolMessage | readonly ToolMessage[] = [],
    options: OptionsOf<typeof NEXT_TURN> = {},
  ): Promise<void> {
    this.#checkFree();
    const { program = this.program } = readTable('options', options, NEXT_TURN);
    const history = this.#history;
    const none = Array.isArray(results) && results.length === 0;
    const added = [...history.pushed, ...(none ? [] : readMessages(results))];
    const { defaults, tenant, tools } = this.#setup;
    if (!history.last || defaults.cache === false || this.#backend.inMessages) return;
    const settings = toChatSettings({ ...defaults, tools }, undefined);
    const tokens = await knownPrefix(this.#backend, history, history.last.said, added, settings);
    const past = this.#history !== history || this.busy || this.#closing || this.#backend.closed;
    if (tokens && !past) this.#backend.hint(program.id, toHint({ kind: 'next-prefix', salt: tenant, tokens }));
  }

  /**
   * Appends a turn that was computed before, by this session or one with the same past and options: `message` and the
   * session's `lastTurn` after it. Runs nothing; what a disk cache has of it is fetched. Throws SESSION_BUSY, CLOSED, INVALID_*.
   */
  restore(message: string | ChatMessage | readonly ChatMessage[], turn: Turn): void {
    this.#checkFree();
    const { prompt, ...answer } = reading('turn', () => checkTurn(turn));
    const { messages, said } = continued(this.#history, readMessages(message));
    const { dropped, shortened, summary } = answer;
    this.#append(afterChange(messages, said, { dropped, shortened, summary }, this.#setup.overflow), prompt, answer);
    this.#fetchAhead();
  }

  /** What is on record may lie on disk: it is fetched before the next turn asks for it, once for turns that are restored in one go. */
  #fetchAhead(): void {
    if (this.#fetches || this.#backend.info.cacheDir === '' || this.#setup.defaults.cache === false) return;
    this.#fetches = true;
    setImmediate(() => {
      this.#fetches = false;
      if (this.busy || this.#closing || this.#backend.closed) return;
      // A run that has asked for nothing yet: nothing is computed before its turn, which may never come.
      const { tokens } = this.#history;
      this.#backend.hint(this.program.id, toHint({ kind: 'next-prefix', salt: this.#setup.tenant, tokens }));
    }).unref();
  }

  /**
   * Another session with the same past, for free: pages are shared. While a turn runs, that turn is not part of it.
   * `options`: defaults of its turns, over those of this session. Throws INVALID_OPTION, CLOSED.
   */
  fork(options: ForkOptions = {}): Session {
    this.#checkOpen();
    const defaults = { ...this.#setup.defaults, ...readTable('options', options, FORK) };
    return new Session(this.#backend, { ...this.#setup, defaults }, this.#history);
  }

  /**
   * Use `engine.adopt()`. A session with the same past on another backend: its tokens, where they are known to mean the same there, else
   * its messages. Its agent run stays behind. Throws MODEL_UNSUPPORTED, INVALID_OPTION.
   */
  onto(backend: Backend): Session {
    checkSetup(backend, this.#setup);
    const setup = { ...this.#setup, defaults: { ...this.#setup.defaults, program: undefined } };
    const known = sameVocabulary(this.#backend, backend);
    const { messages, pushed } = this.#history;
    const session = new Session(backend, setup, known ? this.#history : untold(messages, pushed));
    session.#shared = known ? this.#shared : undefined;
    return session;
  }

  /** Use `engine.adopt()`. Reads the vocabulary that its tokens are of, if that can still be read. */
  async readVocabulary(): Promise<void> {
    await vocabularyDigest(this.#backend).catch(() => {}); // closed: it is unknown, unless it was read before
  }

  /**
   * Cancels a running turn and waits for its end. Its pages stay cached for others, but are among the first to go; those
   * of a fork that is closed in the middle of a turn, a branch that lost, before all others. Idempotent.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const lost = this.busy ? this.#shared : undefined;
    this.#running?.cancel();
    await this.#running?.completion.catch(() => {});
    const { tokens } = this.#history;
    if (this.#backend.closed) return; // advice to an engine that is gone is no error
    const { program = this.#program } = this.#setup.defaults;
    if (program && lost !== undefined && tokens.length > lost) {
      const abandoned = toHint({ kind: 'branch-abandoned', salt: this.#setup.tenant, tokens, from: lost });
      this.#backend.hint(program.id, abandoned);
    }
    this.#program?.finished(); // a program that it was given goes on without it
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** The turn ends before its result is known: a caller who has awaited it finds the session free and its history whole. */
  #follow(request: Request<NextTurn>, keep: (prepared: NextTurn, answer: Answer) => void): void {
    this.#running = request;
    const free = () => {
      this.#running = undefined;
    };
    request.completion.then(({ prepared, tokens, message, reason: finishReason }) => {
      free();
      if (prepared) keep(prepared, { tokens, message, finishReason });
    }, free);
  }

  #append(
    messages: readonly ChatMessage[],
    prompt: ArrayLike<number>,
    turn: Omit<Turn, 'prompt'>,
    known: readonly KnownPlace[] = [],
  ): void {
    const history = withTurn(this.#history, messages, prompt, turn, known);
    if (!history) return;
    if (isRewritten(turn)) this.#shared = undefined;
    this.#history = history;
  }

  #checkFree(): void {
    this.#checkOpen();
    if (this.#running)
      throw new BanyanError(
        'SESSION_BUSY',
        'A turn is running: await it, also one that was cancelled or left by `break`; or fork the session',
      );
  }

  #checkOpen(): void {
    if (this.#closing) throw new BanyanError('CLOSED', 'The session is closed');
    checkOpen(this.#backend);
  }
}
