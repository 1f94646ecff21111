import type { Backend } from '../backend/backend.js';
import { type ToolCall, toToolCall } from '../chat/chat-message.js';
import type { Prepared } from '../chat/prompt.js';
import { BanyanError, type RejectedAnswer } from '../kit/errors.js';
import { type EventSink, SafeSink } from '../kit/event-sink.js';
import { EventStream } from '../kit/event-stream.js';
import type { CompiledSchema } from '../schema/compile-schema.js';
import {
  EventTeller,
  type GenerationEvent,
  type GenerationResult,
  type ProgressEvent,
  type Told,
  type Usage,
} from './generation-events.js';
import { keepMarked } from './pins/keep-marked.js';
import { type Completion, type PromptOutline, Request } from './request.js';
import type { RequestSettings } from './request-options.js';
import { auditCall } from './watch/call-audit.js';
import { type AskedCall, tellWatchers } from './watch/call-watch.js';
import { tellRequestWatchers } from './watch/request-watch.js';

export type { GenerationEvent, GenerationResult, ProgressEvent, Usage };

/** What is asked beside the prompt. */
export interface Asked<Output> {
  settings: RequestSettings;
  schema: CompiledSchema<Output> | undefined;
  signal: AbortSignal | undefined;
  /** Told when it is cancelled, also by its signal: what prepares the prompt ends. */
  cancelled?: (() => void) | undefined;
  /** What those who watch the engine's calls are told: it is asked for when the request has ended. */
  call: () => AskedCall;
  /** What the answer begins with, as the prompt has it. Default ''. */
  begun?: string;
  /** What was told before of an answer that goes on; its result is all of it. Default: nothing. */
  told?: Told;
}

/** Starts what engine.generate() and session.generate() ask: the request, and the answer that the caller reads. */
export function start<Prompt extends Prepared, Output>(
  backend: Backend,
  prepared: Promise<Prompt>,
  asked: Asked<Output>,
): { request: Request<Prompt>; generation: Generation<Output> } {
  const request = new Request(backend, prepared, asked.settings, asked.signal, asked.cancelled);
  tellRequestWatchers(backend, request, asked.settings);
  tellWatchers(backend, request, asked.settings, asked.call);
  auditCall(backend, request, asked.settings, asked.call);
  return { request, generation: new Generation(backend, request, asked) };
}

/** One answer under way. Read it, await it, or both; see EventStream. */
export class Generation<Output = unknown> extends EventStream<GenerationEvent<Output>, GenerationResult<Output>> {
  readonly result: Promise<GenerationResult<Output>>;
  readonly #backend: Backend;
  readonly #request: Request;
  readonly #asked: Pick<Asked<Output>, 'settings' | 'schema' | 'signal' | 'begun' | 'told'>;

  /** Use `engine.generate()` or `session.generate()`. */
  constructor(backend: Backend, request: Request, asked: Asked<Output>) {
    super();
    this.#backend = backend;
    this.#request = request;
    this.#asked = asked;
    this.result = request.completion.then((completion) => this.#finish(completion));
    this.result.catch(() => {}); // need not be awaited
  }

  /** Tokens of its prompt: known before the first of the answer. Rejects when the prompt could not be made. */
  get promptTokens(): Promise<number> {
    return this.#request.promptTokens;
  }

  /** Its prompt, with the places of `marks` and how far it was cached. Rejects when the prompt could not be made. */
  get outline(): Promise<PromptOutline> {
    return this.#request.outline;
  }

  /** Stops at once, on a GPU after the running step; the result then has finishReason `cancelled` and what was generated so far. */
  cancel(): void {
    this.#request.cancel();
  }

  /** Tool calls as they close. Unlike leaving the whole stream, leaving this cancels nothing. */
  async *toolCalls(): AsyncGenerator<{ index: number; call: ToolCall }, void, undefined> {
    for await (const event of this.#request.log.read()) {
      if (event.type === 'tool-call') yield { index: event.index, call: toToolCall(event.call, event.index) };
    }
  }

  /**
   * Gives the events to `sink` as they happen, those of a `for await` loop in the same order, without promises: for servers with
   * many streams. Late ones get everything from the first event on; the first call comes after this one has returned. Any number
   * of sinks and loops may read. A sink that throws cancels the request, and its exception is uncaught. Returns what ends the
   * subscription; that cancels nothing. `ids: false`: without `tokens` events that have no logprobs, for readers of text; default true.
   */
  subscribe(sink: EventSink<GenerationEvent<Output>>, { ids = true }: { ids?: boolean } = {}): () => void {
    const safe = new SafeSink(sink, () => this.cancel());
    const about = { label: this.#request.label, told: this.#asked.told, ids };
    const teller = new EventTeller<Output>(about, (event) => safe.event(event));
    const leave = this.#request.log.follow((event) => teller.output(event));
    this.result.then(
      (result) => {
        teller.finish(result);
        safe.end();
      },
      (reason) => safe.end(reason),
    );
    return () => {
      safe.stop();
      leave();
    };
  }

  protected async *events(): AsyncGenerator<GenerationEvent<Output>, void, undefined> {
    let told: GenerationEvent<Output>[] = [];
    const about = { label: this.#request.label, told: this.#asked.told };
    const teller = new EventTeller<Output>(about, (event) => told.push(event));
    const take = () => {
      const taken = told;
      told = [];
      return taken;
    };
    let whole = false;
    try {
      for await (const event of this.#request.log.read()) {
        teller.output(event);
        for (const one of take()) yield one;
      }
      whole = true;
    } finally {
      if (!whole) this.cancel();
    }
    teller.finish(await this.result);
    for (const one of take()) yield one;
  }

  async #finish(completion: Completion): Promise<GenerationResult<Output>> {
    const { prepared, reason, stopText, shortened, message, tokens, logprobs, promptLogprobs, usage } = completion;
    if (prepared?.keep) await keepMarked(this.#backend, this.#asked.settings.salt, prepared);
    if (reason === 'cancelled' && this.#asked.signal?.aborted) {
      throw new BanyanError('ABORTED', 'The request was aborted', { cause: this.#asked.signal.reason });
    }
    if (reason === 'cancelled' && this.#backend.closed) throw new BanyanError('CLOSED', 'The engine was closed');
    if (reason === 'error') throw new BanyanError('ENGINE_FAILED', 'The request failed');
    return {
      text: message.content,
      reasoning: message.reasoning,
      toolCalls: message.toolCalls.map(toToolCall),
      object: await this.#object(completion),
      tokens,
      logprobs,
      promptLogprobs,
      finishReason: reason,
      stopText: reason === 'stop-sequence' ? stopText : undefined,
      shortened,
      usage,
      ...(prepared?.change && { context: prepared.change }),
    };
  }

  /** An answer that ended by itself is a whole JSON text: the grammar allows no other end. */
  async #object({ reason, message, tokens, usage }: Completion): Promise<Output | undefined> {
    const { schema, begun = '' } = this.#asked;
    if (!schema || reason !== 'stop') return undefined;
    const answer = { text: message.content, tokens, usage };
    const verdict = await schema.check(parsedAnswer(begun, answer));
    if (verdict.ok) return verdict.value;
    const why = `The answer does not pass the schema: ${verdict.reason}`;
    throw new BanyanError('INVALID_OUTPUT', why, { field: 'schema', answer });
  }
}

function parsedAnswer(begun: string, answer: RejectedAnswer): unknown {
  try {
    return JSON.parse(begun + answer.text);
  } catch (cause) {
    throw new BanyanError('INVALID_OUTPUT', 'The answer is no JSON', { field: 'schema', answer, cause });
  }
}
