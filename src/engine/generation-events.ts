import { type ToolCall, toToolCall } from '../chat/chat-message.js';
import type { ContextChange } from '../chat/overflow/context-change.js';
import type { NativeMessage } from '../native/binding.js';
import type { TokenLogprob } from '../native/events.js';
import type { CallUsage } from '../native/reports/usage.js';
import type { FinishReason } from '../native/vocabulary.js';
import type { OutputEvent } from './request.js';

/**
 * What a request cost. `cachedTokens` of the `promptTokens` were read from the cache; `computedTokens` went through the model:
 * the rest of the prompt, the output, and what a preemption made necessary again. Times in milliseconds.
 */
export type Usage = CallUsage;

export interface GenerationResult<Output = unknown> {
  /**
   * The visible answer: what is neither reasoning nor a whole call of a tool of the request. A call that was cut, is
   * malformed or names no such tool is text. The `text` events of the stream, joined.
   */
  text: string;
  /** What the model thought before it answered; '' where the model, or this turn, has no thinking. The `reasoning` events, joined. */
  reasoning: string;
  /** Its whole calls of tools of the request, in the order that they were written. */
  toolCalls: ToolCall[];
  /** The answer as a value when a `schema` was given; undefined when the answer was cut before its end. */
  object: Output | undefined;
  /** Every token as sampled. */
  tokens: number[];
  /** Of each of `tokens`, with the option of that name; else empty. */
  logprobs: TokenLogprob[];
  /** Of each token of the prompt but the first, with the option of that name; else empty. */
  promptLogprobs: TokenLogprob[];
  /** Why it ended: at its own end, at `maxTokens` (`length`), at a text of `stop`, with tool calls, or cancelled. */
  finishReason: FinishReason;
  /** With finishReason `stop-sequence`: the text of `stop` that ended it, which is not part of the answer. */
  stopText: string | undefined;
  /**
   * The answer had to be whole (`schema`, `grammar`, a required tool), `maxTokens` was near, and it was brought to an end: its last
   * value may be shorter than the model would have made it.
   */
  shortened: boolean;
  /** What it cost: tokens, times, and what the cache had of its prompt. */
  usage: Usage;
  /** What the session lost to make room for this turn, and has instead (`onOverflow`). Undefined: nothing. */
  context?: ContextChange | undefined;
}

export type GenerationEvent<Output = unknown> =
  /** More of the visible answer. */
  | { type: 'text'; text: string }
  /** More of what the model thinks. */
  | { type: 'reasoning'; text: string }
  /** Token ids as sampled, before the text that became certain with them; `logprobs` is empty without the option. */
  | { type: 'tokens'; tokens: number[]; logprobs: TokenLogprob[] }
  /** The session made room for this turn (`onOverflow`): what it lost, and has instead. Before the first token. */
  | { type: 'context'; change: ContextChange }
  /** This call is complete, and may be run; the model may still be writing others. */
  | { type: 'tool-call'; index: number; call: ToolCall }
  /** It has ended: the last event. */
  | { type: 'finish'; result: GenerationResult<Output> }
  | ProgressEvent;

/** Events of the work itself: only with the option `progress`. */
export type ProgressEvent =
  /** It waits or runs, and will not be refused any more. `request`: its number in `engine.decisions()`; `label`: the option's, or ''. */
  | { type: 'accepted'; request: number; label: string }
  /** It starts: so much of its prompt was cached (null: an engine elsewhere has not told). Told once, also when it has to start again. */
  | { type: 'admitted'; promptTokens: number; cachedTokens: number | null }
  /** `done` tokens of its prompt are there, cached ones too. At most every tenth of a second; the last one has done = total. */
  | { type: 'prefill'; done: number; total: number }
  /** The model writes a call. It may be run when it is whole: at its `tool-call`. */
  | { type: 'call-start'; index: number; id: string; name: string }
  /**
   * More of its arguments, JSON text: all of them, joined, are those of its `tool-call`, to the byte. Of a format that writes
   * arguments in another way they are the JSON that is made of it, in pieces that grow with the call. Where the id stands behind
   * the arguments, all come at once.
   */
  | { type: 'call-args'; index: number; delta: string }
  /** `whole`: its `tool-call` follows. Else it was cut, or is no call: it comes as text, and the next call has its index. */
  | { type: 'call-end'; index: number; whole: boolean };

/** Mean log probability of an answer's tokens; undefined: none was asked for, or there are no tokens. */
export function meanLogprob({ logprobs }: Pick<GenerationResult, 'logprobs'>): number | undefined {
  if (logprobs.length === 0) return undefined;
  return logprobs.reduce((sum, { logprob }) => sum + logprob, 0) / logprobs.length;
}

/** The part of an answer that was told by the request before. */
export type Told = Pick<NativeMessage, 'content' | 'reasoning'>;

/** One reader's view of a request: its output as events of a generation, and at the end what was held back until then. */
export class EventTeller<Output> {
  readonly #label: string;
  readonly #tell: (event: GenerationEvent<Output>) => void;
  readonly #ids: boolean;
  #text = 0; // lengths told
  #reasoning = 0;
  #call: number | undefined; // under way, as far as it was told

  /**
   * `label`: what the caller calls the request, or ''. `told`: what came before of an answer that goes on. `ids` false: token ids are told
   * only with their logprobs.
   */
  constructor(
    { label, told, ids = true }: { label: string; told?: Told | undefined; ids?: boolean },
    tell: (event: GenerationEvent<Output>) => void,
  ) {
    this.#label = label;
    this.#tell = tell;
    this.#ids = ids;
    this.#text = told?.content.length ?? 0;
    this.#reasoning = told?.reasoning.length ?? 0;
  }

  output(event: OutputEvent): void {
    switch (event.type) {
      case 'tokens':
        this.#tokens(event);
        break;
      case 'tool-call':
        this.#endCall(true);
        this.#tell({ type: 'tool-call', index: event.index, call: toToolCall(event.call, event.index) });
        break;
      case 'context':
        this.#tell({ type: 'context', change: event.change });
        break;
      case 'call-start':
        this.#call = event.index;
        this.#tell({ type: 'call-start', index: event.index, id: event.id, name: event.name });
        break;
      case 'call-args':
        this.#tell({ type: 'call-args', index: event.index, delta: event.delta });
        break;
      case 'call-cut':
        this.#endCall(false);
        break;
      case 'accepted':
        this.#tell({ type: 'accepted', request: event.request, label: this.#label });
        break;
      case 'admitted':
        this.#tell({ type: 'admitted', promptTokens: event.promptTokens, cachedTokens: event.cachedTokens });
        break;
      case 'prefill':
        this.#tell({ type: 'prefill', done: event.done, total: event.total });
        break;
    }
  }

  /** A request that was cancelled ends without a token: what may have become a call or a stop text is told now. */
  finish(result: GenerationResult<Output>): void {
    const { text, reasoning } = result;
    this.#endCall(false);
    if (reasoning.length > this.#reasoning) this.#tell({ type: 'reasoning', text: reasoning.slice(this.#reasoning) });
    if (text.length > this.#text) this.#tell({ type: 'text', text: text.slice(this.#text) });
    this.#tell({ type: 'finish', result });
  }

  #tokens({ tokens, logprobs, text, reasoning }: Extract<OutputEvent, { type: 'tokens' }>): void {
    if (this.#ids || logprobs) this.#tell({ type: 'tokens', tokens, logprobs: logprobs ?? [] });
    if (reasoning) this.#tell({ type: 'reasoning', text: reasoning });
    if (text) this.#tell({ type: 'text', text });
    this.#text += text.length;
    this.#reasoning += reasoning.length;
  }

  #endCall(whole: boolean): void {
    if (this.#call === undefined) return;
    this.#tell({ type: 'call-end', index: this.#call, whole });
    this.#call = undefined;
  }
}
