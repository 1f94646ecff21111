import { asBanyanError, BanyanError } from '../../kit/errors.js';
import { waitAtLeast } from '../../kit/wait.js';
import type { NativeEvent } from '../../native/events.js';
import type { FinishReason } from '../../native/vocabulary.js';
import { Patience } from '../token/patience.js';
import { WireFailure } from '../token/transport.js';
import { usageOf } from '../usage.js';
import { ChatAnswer } from './chat-answer.js';
import { failureOf } from './chat-failure.js';
import type { ChatCallOptions, ChatModel, ChatPiece } from './chat-model.js';
import { refusalOf } from './chat-options.js';
import { countsOf } from './chat-usage.js';
import type { Kept } from './kept.js';

const MOST_RETRIES = 2;
/** A provider that wants to be left alone for longer is not waited for. */
const LONGEST_WAIT_MS = 5_000;

export interface ChatCallSetup {
  id: number;
  model: ChatModel;
  /** Provider and model, as errors name it. */
  name: string;
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
 * One request to a model of the AI SDK. It is tried again until something of the answer was told, then never: its calls are told once
 * the answer is whole, so that of one that breaks no tool is called.
 */
export class ChatCall {
  readonly done: Promise<void>;
  readonly #setup: ChatCallSetup;
  readonly #abort = new AbortController();
  readonly #submitted = performance.now();
  #answer: ChatAnswer;
  #first: number | undefined;
  #last = 0;
  #retries = 0;

  constructor(setup: ChatCallSetup) {
    this.#setup = setup;
    this.#answer = new ChatAnswer(setup.id);
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
    for (;;) {
      try {
        return await this.#try();
      } catch (reason) {
        if (this.#abort.signal.aborted || reason instanceof BanyanError) throw reason;
        const failure = failureOf(reason);
        if (this.#answer.told) throw this.#error('STREAM_BROKEN', failure);
        const { kind, retryAfterMs } = failure;
        if (kind === 'refused' || this.#retries >= MOST_RETRIES || retryAfterMs > LONGEST_WAIT_MS) {
          throw this.#error(kind === 'busy' ? 'BACKPRESSURE' : 'REMOTE_FAILED', failure);
        }
        const ms = Math.max(retryAfterMs, 50 * 2 ** this.#retries++ * (0.5 + Math.random()));
        await waitAtLeast(ms, this.#abort.signal);
      }
    }
  }

  #error(code: 'STREAM_BROKEN' | 'REMOTE_FAILED' | 'BACKPRESSURE', failure: WireFailure): BanyanError {
    const message = `${this.#setup.name} ${failure.message}`;
    const retryAfter = code === 'BACKPRESSURE' ? { retryAfter: Math.max(1, failure.retryAfterMs) } : {};
    return new BanyanError(code, message, { ...retryAfter, field: failure.field, cause: failure.cause ?? failure });
  }

  async #try(): Promise<ChatPiece> {
    const { id, model, options, firstTokenMs, idleMs, deliver } = this.#setup;
    const patience = new Patience(this.#abort.signal);
    const over = unlessAborted(patience);
    this.#answer = new ChatAnswer(id);
    let finish: ChatPiece | undefined;
    let close = () => {};
    try {
      patience.wait(firstTokenMs);
      const { stream } = await over(model.doStream({ ...options, abortSignal: patience.signal }));
      const reader = stream.getReader();
      close = () => void reader.cancel().catch(() => {});
      for (;;) {
        const { done, value: piece } = await over(reader.read());
        if (done || !piece) break;
        if (piece.type === 'error') throw piece.error;
        if (piece.type === 'stream-start') this.#check(piece);
        if (piece.type === 'finish') finish = piece;
        const events = this.#answer.read(piece);
        if (!events) continue;
        patience.wait(idleMs);
        this.#last = performance.now();
        this.#first ??= this.#last;
        if (events.length > 0) deliver(events);
      }
    } finally {
      patience.end();
      close();
    }
    return this.#checked(finish);
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
    const { id: request, deliver, kept, name: server, oneCall, progress } = this.#setup;
    const events = finish ? this.#answer.end(oneCall, progress) : [];
    const { said: message, parts } = this.#answer;
    if (finish) kept.keep({ ...message, ids: message.toolCalls.map(({ id }) => id) }, parts);
    const stopText = stopTextOf(finish);
    const reason = finish ? reasonOf(finish, message.toolCalls.length > 0, stopText) : 'cancelled';
    const times = { submitted: this.#submitted, first: this.#first, last: this.#last, now: performance.now() };
    const { prompt, output, reasoning, cached } = countsOf(finish?.usage);
    const elsewhere = { retries: this.#retries, migrations: 0, server };
    const usage = usageOf(prompt, output, reasoning, cached, times, elsewhere);
    deliver([...events, { type: 'finish', request, reason, stopText, shortened: false, usage, message }]);
  }
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
function unlessAborted({ signal }: Patience): <Value>(work: PromiseLike<Value>) => Promise<Value> {
  const aborted = new Promise<never>((_, reject) => {
    const abort = () => reject(new WireFailure('broken', 'sent nothing for too long'));
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
  aborted.catch(() => {});
  return (work) => Promise.race([work, aborted]);
}
