import type { Backend } from '../backend/backend.js';
import { type ToolCall, toToolCall } from '../chat/chat-message.js';
import type { Prepared } from '../chat/prompt.js';
import { BanyanError, type RejectedAnswer } from '../kit/errors.js';
import { EventStream } from '../kit/event-stream.js';
import type { TokenLogprob } from '../native/events.js';
import type { NativeUsage } from '../native/reports.js';
import type { FinishReason } from '../native/vocabulary.js';
import type { CompiledSchema } from '../schema/compile-schema.js';
import { type Completion, Request } from './request.js';
import type { RequestSettings } from './request-options.js';

/**
 * What a request cost. `cachedTokens` of the `promptTokens` were read from the cache; `computedTokens` went through the model:
 * the rest of the prompt, the output, and what a preemption made necessary again. Times in milliseconds.
 */
export type Usage = NativeUsage;

export interface GenerationResult<Output = unknown> {
  /**
   * The visible answer: what is neither reasoning nor a whole call of a tool of the request. A call that was cut, is
   * malformed or names no such tool is text. The `text` events of the stream, joined.
   */
  text: string;
  reasoning: string;
  toolCalls: ToolCall[];
  /** The answer as a value when a `schema` was given; undefined when the answer was cut before its end. */
  object: Output | undefined;
  /** Every token as sampled. */
  tokens: number[];
  logprobs: TokenLogprob[];
  finishReason: FinishReason;
  usage: Usage;
}

export type GenerationEvent<Output = unknown> =
  | { type: 'text'; text: string }
  | { type: 'reasoning'; text: string }
  | { type: 'tokens'; tokens: number[]; logprobs: TokenLogprob[] }
  /** This call is complete; the model may still be writing others. */
  | { type: 'tool-call'; index: number; call: ToolCall }
  | { type: 'finish'; result: GenerationResult<Output> };

/** What is asked beside the prompt. */
export interface Asked<Output> {
  settings: RequestSettings;
  schema: CompiledSchema<Output> | undefined;
  signal: AbortSignal | undefined;
}

/** Starts what engine.generate() and session.generate() ask: the request, and the answer that the caller reads. */
export function start<Prompt extends Prepared, Output>(
  backend: Backend,
  prepared: Promise<Prompt>,
  asked: Asked<Output>,
): { request: Request<Prompt>; generation: Generation<Output> } {
  const request = new Request(backend, prepared, asked.settings, asked.signal);
  return { request, generation: new Generation(backend, request, asked) };
}

/** One answer under way. Read it, await it, or both; see EventStream. */
export class Generation<Output = unknown> extends EventStream<GenerationEvent<Output>, GenerationResult<Output>> {
  readonly result: Promise<GenerationResult<Output>>;
  readonly #backend: Pick<Backend, 'closed'>;
  readonly #request: Request;
  readonly #asked: Omit<Asked<Output>, 'settings'>;

  /** Use `engine.generate()` or `session.generate()`. */
  constructor(backend: Pick<Backend, 'closed'>, request: Request, asked: Omit<Asked<Output>, 'settings'>) {
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

  protected async *events(): AsyncGenerator<GenerationEvent<Output>, void, undefined> {
    let [text, reasoning] = [0, 0]; // lengths told
    let whole = false;
    try {
      for await (const event of this.#request.log.read()) {
        if (event.type === 'tool-call') {
          yield { type: 'tool-call', index: event.index, call: toToolCall(event.call, event.index) };
          continue;
        }
        yield { type: 'tokens', tokens: event.tokens, logprobs: event.logprobs ?? [] };
        if (event.reasoning) yield { type: 'reasoning', text: event.reasoning };
        if (event.text) yield { type: 'text', text: event.text };
        text += event.text.length;
        reasoning += event.reasoning.length;
      }
      whole = true;
    } finally {
      if (!whole) this.cancel();
    }
    const result = await this.result;
    // A request that was cancelled ends without a token: what may have become a call or a stop text is told now.
    if (result.reasoning.length > reasoning) yield { type: 'reasoning', text: result.reasoning.slice(reasoning) };
    if (result.text.length > text) yield { type: 'text', text: result.text.slice(text) };
    yield { type: 'finish', result };
  }

  async #finish(completion: Completion): Promise<GenerationResult<Output>> {
    const { reason, message, tokens, logprobs, usage } = completion;
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
      finishReason: reason,
      usage,
    };
  }

  /** An answer that ended by itself is a whole JSON text: the grammar allows no other end. */
  async #object({ reason, message, tokens, usage }: Completion): Promise<Output | undefined> {
    const { schema } = this.#asked;
    if (!schema || reason !== 'stop') return undefined;
    const answer = { text: message.content, tokens, usage };
    const verdict = await schema.check(parsedAnswer(answer));
    if (verdict.ok) return verdict.value;
    const why = `The answer does not pass the schema: ${verdict.reason}`;
    throw new BanyanError('INVALID_OUTPUT', why, { field: 'schema', answer });
  }
}

function parsedAnswer(answer: RejectedAnswer): unknown {
  try {
    return JSON.parse(answer.text);
  } catch (cause) {
    throw new BanyanError('INVALID_OUTPUT', 'The answer is no JSON', { field: 'schema', answer, cause });
  }
}
