import { unlessAborted } from '../../kit/abort-listeners.js';
import { asBanyanError, BanyanError } from '../../kit/errors.js';
import { waitAtLeast } from '../../kit/wait.js';
import type { NativeEvent } from '../../native/events.js';
import type { FinishReason } from '../../native/vocabulary.js';
import { Patience } from '../servers/patience.js';
import type { Cost, Parcel, Servers, Trip } from '../servers/trip.js';
import { WireFailure } from '../token/transport.js';
import { usageOf } from '../usage.js';
import { ChatAnswer } from './chat-answer.js';
import { failureOf } from './chat-failure.js';
import type { ChatMember } from './chat-member.js';
import type { ChatCallOptions, ChatPiece } from './chat-model.js';
import { refusalOf } from './chat-options.js';
import { countsOf } from './chat-usage.js';
import type { Kept } from './kept.js';
import { Told } from './told.js';

const MOST_RETRIES = 2;
/** The end of the connection is waited for so long once the answer is whole: another request may use it. */
const END_MS = 1_000;
/** A provider that wants to be left alone for longer is not waited for. */
const LONGEST_WAIT_MS = 5_000;

export interface ChatCallSetup {
  id: number;
  servers: Servers<ChatMember>;
  parcel: Parcel;
  options: ChatCallOptions;
  kept: Kept;
  progress: boolean;
  /** At most one call was asked for. */
  oneCall: boolean;
  idleMs: number;
  firstTokenMs: number;
  deliver(events: NativeEvent[]): void;
}

/**
 * One request to models of the AI SDK. It is tried again until something of the answer was told; after that only at temperature 0, where
 * the second answer may be the first one, and is compared with it. Calls are told once the answer is whole, so that of one that breaks no
 * tool is called.
 */
export class ChatCall {
  readonly done: Promise<void>;
  readonly #setup: ChatCallSetup;
  readonly #abort = new AbortController();
  readonly #submitted = performance.now();
  readonly #told = new Told();
  readonly #elsewhere = { retries: 0, migrations: 0, server: '' };
  #answer: ChatAnswer;
  #first: number | undefined;
  #last = 0;

  constructor(setup: ChatCallSetup) {
    this.#setup = setup;
    this.#answer = new ChatAnswer(setup.id, this.#told);
    this.done = this.#run();
  }

  cancel(): void {
    this.#abort.abort();
  }

  async #run(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve)); // nothing is told within submit()
    const { id: request, progress, deliver } = this.#setup;
    if (progress) deliver([{ type: 'accepted', request }]);
    try {
      this.#finish(await this.#whole());
    } catch (reason) {
      if (this.#abort.signal.aborted) return this.#finish(undefined);
      const { code, message, field, retryAfter = 0 } = asBanyanError(reason);
      deliver([{ type: 'error', request, code, message, ...(field && { field }), retryAfterMs: retryAfter }]);
    }
  }

  /** The last piece of the answer. */
  async #whole(): Promise<ChatPiece> {
    const { servers } = this.#setup;
    const failed = new Set<ChatMember>();
    for (;;) {
      const trip = await this.#next(failed);
      const { member } = trip;
      this.#elsewhere.server = member.url;
      try {
        return await trip.guard(() => this.#try(trip));
      } catch (reason) {
        if (this.#abort.signal.aborted || reason instanceof BanyanError) throw reason;
        const failure = failureOf(reason);
        failed.delete(member); // the latest last
        failed.add(member);
        const waitMs = servers.elsewhere(failed) ? 0 : failure.retryAfterMs;
        if (!this.#mayAskAgain(failure) || waitMs > LONGEST_WAIT_MS) throw this.#error(member, failure);
        const ms = Math.max(waitMs, 50 * 2 ** this.#elsewhere.retries++ * (0.5 + Math.random()));
        if (this.#told.any) this.#elsewhere.migrations++;
        await waitAtLeast(ms, this.#abort.signal);
      }
    }
  }

  async #next(failed: ReadonlySet<ChatMember>): Promise<Trip<ChatMember>> {
    const { servers, parcel } = this.#setup;
    try {
      return await servers.send(parcel, failed, this.#abort.signal);
    } catch (reason) {
      if (!this.#told.any) throw reason;
      throw new BanyanError('STREAM_BROKEN', 'The answer broke off, and no server takes it up', { cause: reason });
    }
  }

  #mayAskAgain({ kind }: WireFailure): boolean {
    const { options, servers } = this.#setup;
    if (kind === 'refused' || this.#elsewhere.retries >= (servers.mostRetries ?? MOST_RETRIES)) return false;
    return !this.#told.any || options.temperature === 0;
  }

  #error({ url }: ChatMember, failure: WireFailure): BanyanError {
    const busy = failure.kind === 'busy' && !this.#told.any;
    const code = this.#told.any ? 'STREAM_BROKEN' : busy ? 'BACKPRESSURE' : 'REMOTE_FAILED';
    const retryAfter = busy ? { retryAfter: Math.max(1, failure.retryAfterMs) } : {};
    const more = { ...retryAfter, field: failure.field, cause: failure.cause ?? failure };
    return new BanyanError(code, `${url} ${failure.message}`, more);
  }

  /** Throws WireFailure, and what the provider says of its settings. */
  async #try(trip: Trip<ChatMember>): Promise<ChatPiece> {
    let failure: WireFailure | undefined;
    let finish: ChatPiece | undefined;
    try {
      finish = await this.#stream(trip);
      return finish;
    } catch (reason) {
      if (this.#abort.signal.aborted || reason instanceof BanyanError) throw reason; // no fault of the server
      failure = failureOf(reason);
      throw failure;
    } finally {
      trip.ended(failure, costOf(finish));
    }
  }

  async #stream(trip: Trip<ChatMember>): Promise<ChatPiece> {
    const { id, options, firstTokenMs, idleMs, deliver } = this.#setup;
    const patience = new Patience(this.#abort.signal);
    const over = unlessOver(patience);
    this.#answer = new ChatAnswer(id, this.#told);
    let finish: ChatPiece | undefined;
    let close = () => {};
    try {
      patience.wait(firstTokenMs);
      const opening = Promise.resolve(trip.member.model.doStream({ ...options, abortSignal: patience.signal }));
      const opened = opening.then(({ stream }) => stream.getReader());
      close = () => void opened.then((reader) => reader.cancel()).catch(() => {}); // also one that opens later
      const reader = await over(opened);
      for (;;) {
        const { done, value: piece } = await over(reader.read());
        if (done || !piece) break;
        if (piece.type === 'error') throw piece.error;
        if (piece.type === 'stream-start') this.#check(piece);
        if (piece.type === 'finish') {
          finish = piece;
          patience.wait(END_MS);
        }
        if (finish) continue; // the connection may go on, the answer does not
        const events = this.#answer.read(piece);
        if (!events) continue;
        trip.answered();
        patience.wait(idleMs);
        this.#last = performance.now();
        this.#first ??= this.#last;
        if (events.length > 0) deliver(events);
      }
    } catch (reason) {
      if (!finish) throw reason; // else the answer is whole
    } finally {
      patience.end();
      close();
    }
    const whole = this.#checked(finish);
    this.#told.end();
    return whole;
  }

  #check({ warnings = [] }: ChatPiece): void {
    const refusal = refusalOf(warnings);
    if (refusal) throw refusal;
  }

  #checked(finish: ChatPiece | undefined): ChatPiece {
    if (!finish) throw new WireFailure('broken', 'ended the stream before the answer');
    const { unified, raw } = finish.finishReason ?? { unified: 'other', raw: undefined };
    if (unified === 'error' || (unified === 'other' && raw === undefined)) {
      throw new WireFailure('broken', 'gave up in the midst of the answer');
    }
    if (unified === 'content-filter') throw new WireFailure('refused', 'has ended the answer by its filter');
    return finish;
  }

  /** `finish` undefined: it was cancelled. */
  #finish(finish: ChatPiece | undefined): void {
    const { id: request, deliver, kept, oneCall, progress } = this.#setup;
    const events = finish ? this.#answer.end(oneCall, progress) : [];
    const { said: message, parts } = this.#answer;
    if (finish) kept.keep({ ...message, ids: message.toolCalls.map(({ id }) => id) }, parts);
    const stopText = stopTextOf(finish);
    const reason = finish ? reasonOf(finish, message.toolCalls.length > 0, stopText) : 'cancelled';
    const times = { submitted: this.#submitted, first: this.#first, last: this.#last, now: performance.now() };
    const { prompt, output, reasoning, cached } = countsOf(finish?.usage);
    const usage = usageOf(prompt, output, reasoning, cached, times, this.#elsewhere);
    deliver([...events, { type: 'finish', request, reason, stopText, shortened: false, usage, message }]);
  }
}

/** What a provider does not count is not known. */
function costOf(finish: ChatPiece | undefined): Cost {
  if (!finish) return { cached: null, output: 0 };
  const { prompt, cached, output } = countsOf(finish.usage);
  return { ...(prompt > 0 && { prompt }), cached, output };
}

function reasonOf({ finishReason }: ChatPiece, calls: boolean, stopText: string): FinishReason {
  if (finishReason?.unified === 'length') return 'length';
  if (calls) return 'tool-calls';
  return stopText === '' ? 'stop' : 'stop-sequence';
}

/** Anthropic tells which text ended an answer. */
function stopTextOf(finish: ChatPiece | undefined): string {
  const said = finish?.providerMetadata?.anthropic?.stopSequence;
  return typeof said === 'string' ? said : '';
}

/** What awaits work of a provider, which may hear of an abort late, or never. */
function unlessOver({ signal }: Patience): <Value>(work: PromiseLike<Value>) => Promise<Value> {
  return async (work) => {
    try {
      return await unlessAborted(work, signal);
    } catch (reason) {
      throw signal.aborted ? new WireFailure('broken', 'sent nothing for too long') : reason;
    }
  };
}
