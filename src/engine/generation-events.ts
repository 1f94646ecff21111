import { type ToolCall, toToolCall } from '../chat/chat-message.js';
import type { TokenLogprob } from '../native/events.js';
import type { NativeUsage } from '../native/reports.js';
import type { FinishReason } from '../native/vocabulary.js';
import type { OutputEvent } from './request.js';

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

/** One reader's view of a request: its output as events of a generation, and at the end what was held back until then. */
export class EventTeller<Output> {
  readonly #tell: (event: GenerationEvent<Output>) => void;
  #text = 0; // lengths told
  #reasoning = 0;

  constructor(tell: (event: GenerationEvent<Output>) => void) {
    this.#tell = tell;
  }

  output(event: OutputEvent): void {
    if (event.type === 'tool-call') {
      this.#tell({ type: 'tool-call', index: event.index, call: toToolCall(event.call, event.index) });
      return;
    }
    this.#tell({ type: 'tokens', tokens: event.tokens, logprobs: event.logprobs ?? [] });
    if (event.reasoning) this.#tell({ type: 'reasoning', text: event.reasoning });
    if (event.text) this.#tell({ type: 'text', text: event.text });
    this.#text += event.text.length;
    this.#reasoning += event.reasoning.length;
  }

  /** A request that was cancelled ends without a token: what may have become a call or a stop text is told now. */
  finish(result: GenerationResult<Output>): void {
    const { text, reasoning } = result;
    if (reasoning.length > this.#reasoning) this.#tell({ type: 'reasoning', text: reasoning.slice(this.#reasoning) });
    if (text.length > this.#text) this.#tell({ type: 'text', text: text.slice(this.#text) });
    this.#tell({ type: 'finish', result });
  }
}
