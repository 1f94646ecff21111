import type { AnswerReader } from '../../backend/answer-reader.js';
import type { Vocabulary } from '../../backend/vocabulary.js';
import { asBanyanError, BanyanError } from '../../kit/errors.js';
import { waitAtLeast } from '../../kit/wait.js';
import type { NativeEvent, RequestEvent, TokenLogprob } from '../../native/events.js';
import type { FinishReason } from '../../native/vocabulary.js';
import { pageKeys } from '../../pool/page-keys.js';
import type { WirePiece, WireRequest } from '../dialects/dialect.js';
import { Patience } from '../servers/patience.js';
import type { Parcel, Servers, Trip } from '../servers/trip.js';
import { countOf, toldUsage, usageOf } from '../usage.js';
import type { Member } from './member.js';
import { StreamIds } from './stream-ids.js';
import { WireFailure } from './transport.js';
import { readLogprobs, withLogprobs } from './wire-logprobs.js';

/** Retries of one request, before its first token and after it together. */
const MOST_RETRIES = 2;
/** A retry is waited for, 50 ms and twice as long each time, so often. */
const MOST_DOUBLINGS = 4;
/** That the end of a stream, with what it says of the cache, is waited for once the answer is whole. */
const END_MS = 1_000;

export interface CallSetup {
  id: number;
  wire: Omit<WireRequest, 'model' | 'priorities' | 'kept'>;
  reader: AnswerReader;
  vocabulary: Vocabulary;
  servers: Servers<Member>;
  /** Milliseconds without a token after which a stream is given up. */
  idleMs: number;
  firstTokenMs: number;
  deliver(events: NativeEvent[]): void;
}

/** One request to other engines: tried again where nothing of it was told yet, continued token by token where something was. */
export class TokenCall {
  readonly done: Promise<void>;
  readonly #setup: CallSetup;
  readonly #abort = new AbortController();
  readonly #submitted = performance.now();
  readonly #parcel: Parcel;
  readonly #told: number[] = [];
  readonly #elsewhere = { retries: 0, migrations: 0, server: '' };
  #first: number | undefined;
  #last = 0;
  #cached: number | null = null;
  /** Of the try that goes on, as its server says. */
  #cachedThere: number | null = null;
  #there: unknown;
  #shortened = false;
  #promptTold = 0;

  constructor(setup: CallSetup) {
    this.#setup = setup;
    this.#parcel = parcelOf(setup.wire);
    this.done = this.#run();
  }

  cancel(): void {
    this.#abort.abort();
  }

  async #run(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve)); // nothing is told within submit()
    const { id, wire } = this.#setup;
    if (wire.asked.progress) this.#deliver([{ type: 'accepted', request: id }]);
    try {
      this.#finish(await this.#answer());
    } catch (reason) {
      const { code, message, field, retryAfter = 0 } = asBanyanError(reason);
      const more = { ...(field !== undefined && { field }), retryAfterMs: retryAfter };
      this.#setup.deliver([{ type: 'error', request: id, code, message, ...more }]);
    }
  }

  async #answer(): Promise<FinishReason> {
    const failed = new Set<Member>();
    for (let retries = 0; ; retries++) {
      if (this.#abort.signal.aborted) return 'cancelled';
      const trip = await this.#next(failed);
      if (!trip) return 'cancelled';
      const { member } = trip;
      this.#elsewhere.server = member.url;
      try {
        return await trip.guard(() => this.#try(trip));
      } catch (reason) {
        if (this.#abort.signal.aborted) return 'cancelled';
        if (!(reason instanceof WireFailure)) throw reason;
        const begun = this.#told.length > 0;
        failed.delete(member); // the latest last
        failed.add(member);
        if (
          reason.kind === 'refused' ||
          retries >= (this.#setup.servers.mostRetries ?? MOST_RETRIES) ||
          !this.#mayWait(reason, failed)
        ) {
          throw member.failure(reason, begun ? 'STREAM_BROKEN' : 'REMOTE_FAILED');
        }
        this.#elsewhere.retries++;
        if (begun) this.#elsewhere.migrations++;
        const ms = 50 * 2 ** Math.min(retries, MOST_DOUBLINGS) * (0.5 + Math.random());
        await waitAtLeast(
          this.#setup.servers.elsewhere(failed) ? ms : Math.max(reason.retryAfterMs, ms),
          this.#abort.signal,
        );
      }
    }
  }

  /** The next try; undefined: it was cancelled while it waited for one. */
  async #next(failed: ReadonlySet<Member>): Promise<Trip<Member> | undefined> {
    const { servers } = this.#setup;
    try {
      return await servers.send(this.#parcel, failed, this.#abort.signal);
    } catch (reason) {
      if (this.#abort.signal.aborted) return undefined;
      throw reason;
    }
  }

  /** A server that says when to come again is believed, as long as the caller can wait; where there is another one it need not. */
  #mayWait({ retryAfterMs }: WireFailure, failed: ReadonlySet<Member>): boolean {
    const { servers, wire } = this.#setup;
    const { ttftLimitMs } = wire.asked;
    if (servers.elsewhere(failed)) return true;
    const waited = performance.now() - this.#submitted;
    return retryAfterMs <= 5_000 && (ttftLimitMs === 0 || waited + retryAfterMs < ttftLimitMs);
  }

  async #try(trip: Trip<Member>): Promise<FinishReason> {
    const patience = new Patience(this.#abort.signal);
    const before = this.#told.length;
    this.#cachedThere = null;
    let failure: WireFailure | undefined;
    try {
      patience.wait(this.#setup.firstTokenMs);
      return await this.#stream(trip, patience);
    } catch (reason) {
      const why = patience.over ? new WireFailure('broken', 'sent no token for too long', 0, reason) : reason;
      if (this.#abort.signal.aborted) throw new BanyanError('ABORTED', 'The request was aborted'); // no fault of the server
      if (why instanceof WireFailure) failure = why;
      throw why;
    } finally {
      patience.end();
      trip.ended(failure, { cached: this.#cachedThere, output: this.#told.length - before });
    }
  }

  async #stream(trip: Trip<Member>, patience: Patience): Promise<FinishReason> {
    const { member } = trip;
    const { wire, vocabulary, idleMs } = this.#setup;
    // A server would begin a grammar anew: it goes through the answer again, which must be the same.
    const replayed = wire.grammar && !member.dialect.goesOn ? [...this.#told] : [];
    const kept = this.#told.length - replayed.length;
    const prompt = [...wire.prompt, ...this.#told.slice(0, kept)];
    const maxTokens = Math.max(1, wire.maxTokens - kept);
    const asked = { ...wire, prompt, kept, maxTokens, model: member.model, priorities: member.priorities };
    const ids = new StreamIds(vocabulary);
    let reason: FinishReason | undefined;
    let full = false;
    let scored = 0;
    try {
      for await (const event of member.events(asked, patience.signal)) {
        const piece = member.dialect.read(event);
        if (!piece) continue;
        const cached = countOf(piece.cached);
        if (cached !== undefined) {
          this.#cachedThere = cached;
          if (kept === 0) this.#cached = cached;
        }
        if (kept === 0) this.#there = piece.usage ?? this.#there;
        this.#shortened ||= piece.shortened === true;
        if (reason !== undefined) continue;
        if (piece.promptLogprobs !== undefined) scored = this.#tellPrompt(piece.promptLogprobs, scored);
        const tokens = ids.read(piece);
        if (tokens.length > 0) {
          trip.answered();
          patience.wait(idleMs);
          const again = Math.min(replayed.length, tokens.length);
          const fresh = compared(tokens, replayed).slice(0, wire.maxTokens - this.#told.length);
          const logprobs =
            wire.asked.sampling.logprobs < 0 ? [] : readLogprobs(piece.logprobs, tokens.length, tokens.length);
          this.#tell(fresh, logprobs.slice(again, again + fresh.length));
        }
        reason = this.#whole(piece.end);
        if (reason !== undefined) {
          if (!member.dialect.endsThere && !this.#endsThereToo(piece.end)) return reason;
          patience.wait(END_MS);
        } else if (piece.end === 'broken') throw new WireFailure('broken', 'gave up in the midst of the answer');
        else if (member.dialect.endsThere && this.#told.length >= wire.maxTokens) {
          full = true; // whether it came to its own end there, the server says next
          patience.wait(END_MS);
        }
      }
    } catch (failure) {
      if (reason === undefined && !full) throw failure; // else the answer is whole, and only its cost is not known
    }
    if (full) reason ??= 'length';
    if (reason === undefined) throw new WireFailure('broken', 'ended the stream before the answer');
    return reason;
  }

  /** The server ends by itself what is whole here: what it says then of the cache is worth waiting for. */
  #endsThereToo(end: WirePiece['end']): boolean {
    const { reader, wire } = this.#setup;
    return end !== undefined || reader.endToken || wire.asked.maxTokens === 0 || this.#told.length >= wire.maxTokens;
  }

  /** Why the answer is whole; undefined: it is not. */
  #whole(end: WirePiece['end']): FinishReason | undefined {
    const { reader, wire } = this.#setup;
    if (wire.asked.maxTokens === 0) return this.#first === undefined && end === undefined ? undefined : 'length';
    if (reader.finished) return 'stop';
    return end === 'broken' ? undefined : end;
  }

  #tell(tokens: readonly number[], logprobs: readonly TokenLogprob[]): void {
    if (tokens.length === 0) return;
    const { id, reader, wire } = this.#setup;
    this.#last = performance.now();
    if (this.#first === undefined) {
      this.#first = this.#last;
      this.#deliver(this.#stages());
    }
    if (wire.asked.maxTokens === 0) return;
    for (const token of tokens) this.#told.push(token); // they may be more than arguments of a call
    this.#deliver(withLogprobs(reader.read(id, tokens), logprobs));
  }

  /** `before`: how many this try has told. Returns how many it has told then. */
  #tellPrompt(said: unknown, before: number): number {
    const { id, wire } = this.#setup;
    const most = wire.asked.promptLogprobs < 0 ? 0 : wire.prompt.length - 1 - before;
    const logprobs = readLogprobs(said, 0, most);
    const fresh = logprobs.slice(Math.max(0, this.#promptTold - before));
    if (fresh.length > 0) this.#deliver([{ type: 'prompt-logprobs', request: id, logprobs: fresh }]);
    this.#promptTold += fresh.length;
    return before + logprobs.length;
  }

  #stages(): RequestEvent[] {
    const { id: request, wire } = this.#setup;
    if (!wire.asked.progress) return [];
    const { length: total } = wire.prompt;
    return [
      { type: 'admitted', request, promptTokens: total, cachedTokens: this.#cached },
      { type: 'prefill', request, done: total, total },
    ];
  }

  #finish(why: FinishReason): void {
    const { id: request, reader, wire } = this.#setup;
    if (this.#first === undefined && why === 'length') this.#deliver(this.#stages()); // no token was asked for
    const { reason, stopText, reasoningTokens, message, events } = reader.end(request, why);
    const times = { submitted: this.#submitted, first: this.#first, last: this.#last, now: performance.now() };
    const { outputTokens } = reader;
    const known = [wire.prompt.length, outputTokens, reasoningTokens, this.#cached, times] as const;
    const usage = toldUsage(usageOf(...known, this.#elsewhere), this.#there);
    const shortened = this.#shortened;
    this.#setup.deliver([...events, { type: 'finish', request, reason, stopText, shortened, usage, message }]);
  }

  #deliver(events: NativeEvent[]): void {
    if (events.length > 0) this.#setup.deliver(events);
  }
}

function parcelOf({ asked, prompt }: CallSetup['wire']): Parcel {
  const { salt, program, ttftLimitMs } = asked;
  return { keys: pageKeys(salt, prompt), promptTokens: prompt.length, program, ttftLimitMs };
}

/** Tokens beyond those of the answer so far, which a second one must repeat: they are taken out of `before`. Throws STREAM_BROKEN. */
function compared(tokens: readonly number[], before: number[]): readonly number[] {
  const again = before.splice(0, tokens.length);
  if (again.every((token, at) => token === tokens[at])) return tokens.slice(again.length);
  throw new BanyanError('STREAM_BROKEN', 'The answer broke off, and was another one the second time');
}
