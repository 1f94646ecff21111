import type { Backend, RequestEvent } from '../backend/backend.js';
import type { ContextChange } from '../chat/overflow/context-change.js';
import type { Prepared } from '../chat/prompt.js';
import { onAbort } from '../kit/abort-listeners.js';
import { asBanyanError, hasCode } from '../kit/errors.js';
import { EventLog } from '../kit/event-log.js';
import type { NativeMessage } from '../native/binding.js';
import { NO_DRAFTS } from '../native/draft-kinds.js';
import type { TokenLogprob } from '../native/events.js';
import type { CallUsage, NativeMiss } from '../native/reports/usage.js';
import type { FinishReason } from '../native/vocabulary.js';
import type { RequestSettings } from './request-options.js';

/** What comes of a request before its end. */
export type OutputEvent =
  | Exclude<RequestEvent, { type: 'finish' | 'error' }>
  | { type: 'context'; change: ContextChange };

/** How a request ended, cancelled ones included. */
export interface Completion<Prompt extends Prepared = Prepared> {
  /** What it was asked; undefined: it was cancelled before it started. */
  prepared: Prompt | undefined;
  /** As sampled, the end-of-turn token included. */
  tokens: number[];
  logprobs: TokenLogprob[];
  /** Of the prompt's tokens but its first one; empty unless they were asked for. */
  promptLogprobs: TokenLogprob[];
  reason: FinishReason;
  /** Of the texts in `stop`: the one that ended it, or ''. */
  stopText: string;
  /** Its limit of tokens made it end: its last value may be cut short. */
  shortened: boolean;
  usage: CallUsage;
  message: NativeMessage;
}

/** A prompt as it was asked, when it was made. */
export interface PromptOutline {
  /** Its token ids. */
  tokens: Int32Array;
  /** How many of the first are instructions and tools. */
  staticTokens: number;
  /** How many come before each of the marks. */
  marks: readonly number[];
  /** How far it was cached when it arrived; undefined: no marks were asked for, or it never started. */
  arrival: NativeMiss | undefined;
}

/** One request from its prepared prompt to its last event. Knows nothing of chats, schemas or readers. */
export class Request<Prompt extends Prepared = Prepared> {
  readonly log = new EventLog<OutputEvent>();
  /** Rejects when the request could not start or failed alone; a cancelled request resolves. */
  readonly completion: Promise<Completion<Prompt>>;
  /** Tokens of its prompt, once it is prepared. Rejects when that failed. */
  readonly promptTokens: Promise<number>;
  /** Rejects when the prompt could not be prepared. */
  readonly outline: Promise<PromptOutline>;
  /** What its owner calls it, or ''. */
  readonly label: string;
  readonly #backend: Backend;
  #arrival: Promise<NativeMiss> | undefined;
  readonly #whenCancelled: () => void;
  #id: number | undefined;
  #cancelled = false;

  /**
   * `prepared` may take its time (templates render on another thread); a request cancelled meanwhile never starts, and tells
   * `whenCancelled` to prepare no longer.
   */
  constructor(
    backend: Backend,
    prepared: Promise<Prompt>,
    settings: RequestSettings,
    signal: AbortSignal | undefined,
    whenCancelled = () => {},
  ) {
    this.#backend = backend;
    this.#whenCancelled = whenCancelled;
    this.label = settings.label;
    const forgetSignal = onAbort(signal, () => this.cancel());
    if (signal?.aborted) this.cancel();
    this.completion = this.#run(prepared, settings).finally(() => {
      this.log.close();
      forgetSignal();
    });
    this.promptTokens = prepared.then(({ prompt }) => prompt.length);
    // Of what #run has begun with the same prompt: it came to it first.
    this.outline = prepared.then(async ({ prompt: tokens, staticTokens, marks = [] }) => {
      return { tokens, staticTokens, marks, arrival: await this.#arrival };
    });
    for (const promise of [prepared, this.promptTokens, this.outline, this.completion]) promise.catch(() => {}); // need not be awaited
  }

  cancel(): void {
    if (this.#cancelled) return;
    this.#cancelled = true;
    this.#whenCancelled();
    if (this.#id !== undefined && !this.log.closed) this.#backend.cancel(this.#id);
  }

  async #run(prepared: Promise<Prompt>, settings: RequestSettings): Promise<Completion<Prompt>> {
    try {
      if (this.#cancelled) return neverStarted();
      const prompt = await prepared;
      return this.#cancelled ? neverStarted() : await this.#submit(prompt, settings);
    } catch (reason) {
      if (this.#cancelled && hasCode(reason, 'ABORTED')) return neverStarted();
      throw asBanyanError(reason); // a fault of ours, or too little memory
    }
  }

  #submit(prepared: Prompt, settings: RequestSettings): Promise<Completion<Prompt>> {
    const { prompt, staticTokens, boundary = 0, change, chat, grammar, marks } = prepared;
    if (change) this.log.append({ type: 'context', change });
    if (marks) this.#arrival = this.#backend.explain(settings.salt, prompt); // before it begins itself
    this.#arrival?.catch(() => {}); // told by the outline
    const tokens: number[] = [];
    const logprobs: TokenLogprob[] = [];
    const promptLogprobs: TokenLogprob[] = [];
    return new Promise((resolve, reject) => {
      this.#id = this.#backend.submit({ ...settings, prompt, staticTokens, boundary, chat, grammar }, (event) => {
        if (event.type === 'error') reject(event.error);
        else if (event.type === 'finish') resolve({ ...ended(event), prepared, tokens, logprobs, promptLogprobs });
        else if (event.type === 'prompt-logprobs') promptLogprobs.push(...event.logprobs);
        else {
          if (event.type === 'tokens') {
            for (const token of event.tokens) tokens.push(token);
            if (event.logprobs) logprobs.push(...event.logprobs);
          }
          this.log.append(event);
        }
      });
    });
  }
}

function ended({ reason, stopText, shortened, usage, message }: Extract<RequestEvent, { type: 'finish' }>) {
  return { reason, stopText, shortened, usage, message };
}

function neverStarted(): Completion<never> {
  const miss = {
    matched: 0,
    promptTokens: 0,
    paged: 0,
    kept: 0,
    expected: -1,
    actual: -1,
    reason: 'reuse-off' as const,
  };
  const times = { queueMs: 0, waitedMs: 0, prefillMs: 0, ttftMs: 0, itlMs: 0, totalMs: 0 };
  const tokens = { promptTokens: 0, cachedTokens: 0, cacheWriteTokens: 0, computedTokens: 0, outputTokens: 0 };
  const counts = {
    ...tokens,
    draftedTokens: 0,
    acceptedTokens: 0,
    forcedTokens: 0,
    reasoningTokens: 0,
    preemptions: 0,
    bypassed: 0,
  };
  return {
    prepared: undefined,
    tokens: [],
    logprobs: [],
    promptLogprobs: [],
    reason: 'cancelled',
    stopText: '',
    shortened: false,
    usage: { ...counts, ...times, hits: { device: 0, host: 0, disk: 0 }, acceptedBy: NO_DRAFTS, retained: '', miss },
    message: { content: '', reasoning: '', toolCalls: [] },
  };
}
