import type { RequestHost } from '../backend/request-host.js';
import { onAbort } from '../kit/abort-listeners.js';
import { asBanyanError } from '../kit/errors.js';
import { EventLog } from '../kit/event-log.js';
import type { NativeEngine, NativeMessage, NativeRequest } from '../native/binding.js';
import type { RequestEvent, TokenLogprob } from '../native/events.js';
import type { NativeMiss, NativeUsage } from '../native/reports.js';
import type { FinishReason } from '../native/vocabulary.js';

export type OutputEvent = Extract<RequestEvent, { type: 'tokens' | 'tool-call' }>;

/** How a request ended, cancelled ones included. */
export interface Completion {
  prompt: Int32Array;
  /** As sampled, the end-of-turn token included. */
  tokens: number[];
  logprobs: TokenLogprob[];
  reason: FinishReason;
  usage: NativeUsage;
  message: NativeMessage;
}

/** One native request from its preparation to its finish event. Knows nothing of chats, schemas or consumers. */
export class Request {
  readonly log = new EventLog<OutputEvent>();
  /** Rejects when the request could not start or failed alone; a cancelled request resolves. */
  readonly completion: Promise<Completion>;
  readonly #host: RequestHost;
  #id: number | undefined;
  #cancelled = false;

  /** `prepare` may take its time (templates render on another thread); a request cancelled meanwhile never starts. */
  constructor(host: RequestHost, prepare: () => Promise<NativeRequest>, signal?: AbortSignal) {
    this.#host = host;
    const forgetSignal = onAbort(signal, () => this.cancel());
    if (signal?.aborted) this.cancel();
    this.completion = this.#run(prepare).finally(() => {
      this.log.close();
      forgetSignal();
    });
    this.completion.catch(() => {}); // nobody has to await
  }

  cancel(): void {
    if (this.#cancelled) return;
    this.#cancelled = true;
    if (this.#id !== undefined && !this.log.closed && !this.#host.closed) this.#host.native.cancel(this.#id);
  }

  async #run(prepare: () => Promise<NativeRequest>): Promise<Completion> {
    if (this.#cancelled) return neverStarted();
    try {
      const request = await parsed(this.#host.native, await prepare());
      if (this.#cancelled) return neverStarted();
      return await this.#submit(request);
    } catch (reason) {
      throw asBanyanError(reason);
    }
  }

  #submit(request: NativeRequest): Promise<Completion> {
    const { native, router } = this.#host;
    const id = native.submit(request);
    this.#id = id;
    this.#host.recorder?.submit(id, request);
    const tokens: number[] = [];
    const logprobs: TokenLogprob[] = [];
    return new Promise((resolve, reject) => {
      router.attach(id, (event) => {
        if (event.type === 'error') {
          this.#host.recorder?.finish(id, tokens, { reason: 'error', code: event.code });
          reject(event);
        } else if (event.type === 'finish') {
          const { reason, message } = event;
          const usage = { ...event.usage, miss: shownMiss(this.#host, event.usage.miss) };
          this.#host.recorder?.finish(id, tokens, recordedEnd(reason, usage));
          resolve({ prompt: request.prompt, tokens, logprobs, reason, usage, message });
        } else {
          if (event.type === 'tokens') {
            tokens.push(...event.tokens);
            logprobs.push(...(event.logprobs ?? []));
          }
          this.log.append(event);
        }
      });
    });
  }
}

/** With its grammar, if it has one: that may be megabytes, and is parsed on another thread. */
async function parsed(native: NativeEngine, request: NativeRequest): Promise<NativeRequest> {
  const { grammar, jsonSchema } = request;
  if (typeof grammar !== 'string' || (!grammar && !jsonSchema)) return request;
  return { ...request, grammar: await native.parseGrammar(grammar, jsonSchema), jsonSchema: '' };
}

/** Without the token that the cache holds where a prompt leaves it: it may be another request's. */
export function shownMiss({ revealMisses = false }: RequestHost, miss: NativeMiss): NativeMiss {
  return revealMisses ? miss : { ...miss, expected: -1 };
}

function recordedEnd(reason: FinishReason, { cachedTokens, computedTokens, preemptions, ttftMs }: NativeUsage) {
  return { reason, cached: cachedTokens, computed: computedTokens, preemptions, ttftMs };
}

function neverStarted(): Completion {
  const miss = { matched: 0, promptTokens: 0, expected: -1, actual: -1, reason: 'reuse-off' as const };
  const times = { queueMs: 0, waitedMs: 0, ttftMs: 0, itlMs: 0, totalMs: 0 };
  const counts = { promptTokens: 0, cachedTokens: 0, computedTokens: 0, outputTokens: 0, preemptions: 0, bypassed: 0 };
  return {
    prompt: new Int32Array(0),
    tokens: [],
    logprobs: [],
    reason: 'cancelled',
    usage: { ...counts, ...times, hits: { device: 0 }, retained: '', miss },
    message: { content: '', reasoning: '', toolCalls: [] },
  };
}
