import { flag, number, word } from './option-kinds.js';
import { CLASSES } from './vocabulary.js';

/** Numbers, flags and words of a request that the addon reads as they are. Ranges: RequestOptions in native/engine/options.h. */
export const REQUEST = {
  /**
   * Most tokens to generate, 0 to 1,073,741,824; 0: the prompt is computed and cached, and the answer is empty, with finishReason
   * `length`: it warms the cache. Default: to the end of the context. An answer under a `schema`, a `grammar`
   * or a required tool is closed in time: near the limit only what leaves room for its end is chosen, and the result has
   * finishReason `stop` (`tool-calls` for a call); its last values may be shorter than the model would have made them. Limits
   * too small for the shortest such answer cut it, with finishReason `length`. A call that the model is free to make (`auto`)
   * is never made shorter, as a tool would act on half a text: when the limit cuts it, it is text.
   */
  maxTokens: number('request'),
  /**
   * Most tokens of reasoning, 0 to 1,073,741,824; then the tag that ends it is forced. Default: no bound, but half of
   * `maxTokens` (or of what is left of the context) where the answer must be something: with `schema`, `grammar`, a required
   * tool. Needs messages and a chat template with a tag for the end of reasoning.
   */
  thinkingTokens: number('request'),
  /** Class of the request: who goes first under load. Default `interactive`. */
  class: word(CLASSES, 'interactive'),
  /**
   * Share of the engine that its tenant gets while several tenants wait, 1 to 1,000: one of weight 3 gets three times the tokens of one
   * of weight 1. The tenant's latest request says it for all of its requests. Default 1.
   */
  tenantWeight: number('request', 1),
  /**
   * Milliseconds within which the answer is wanted, 1 to 86,400,000: among equals the earliest deadline goes first. A late
   * request still runs; `signal: AbortSignal.timeout(ms)` ends one. Default: none.
   */
  deadlineMs: number('request'),
  /**
   * Milliseconds within which the first token must be expected, 1 to 86,400,000; else the request rejects with BACKPRESSURE
   * and `retryAfter` at once, on a GPU after the running step. Default: it waits as long as it takes.
   */
  ttftLimitMs: number('request'),
  /**
   * Events of the work itself in the stream, too: `accepted`, `admitted` and `prefill` before the first token, and `call-start`,
   * `call-args` and `call-end` of each call while it is written. Default false.
   */
  progress: flag(false),
  /**
   * True: the model's end tokens are never chosen, and the answer goes on to `maxTokens` or a stop text. For measurements, and for
   * models that end too early. Not with tools, a schema or a grammar, whose answers have an end. Default false.
   */
  ignoreEos: flag(false),
  /**
   * Alternatives that are reported of each token of the prompt, with its logprob, in `promptLogprobs` of the result, -1 to 20;
   * -1: none. All of the prompt is then computed, 32 tokens a step, and nothing of it is cached. On a CPU only. Default -1.
   */
  promptLogprobs: number('request', -1),
  /** Drafts of this request's tokens, on an engine that drafts (`Engine.load({ draftTokens })`). Default true. */
  draftTokens: flag(true),
  /**
   * Tokens that a schema, a grammar or the format of a call leaves no choice about: keys, quotes, separators. `verify`: they are
   * drafts, on an engine that drafts, and checked as any others: the answer is the same. `force`: they are appended without
   * being computed one by one: fewer steps, and nothing else is drawn for them, so a drawn answer may be another one. Blanks
   * between them are as the answer has written them before, in calls also as the chat template prints them. With `logprobs` it is
   * `verify`. `off`: neither. Default `verify`.
   */
  jumpForward: word(['off', 'verify', 'force'], 'verify'),
  /** Use of the prefix cache; false neither reads nor fills it. Default true. */
  cache: flag(true),
  /**
   * With a disk cache (`Engine.load({ cache })`): what the request computes is written there meanwhile, the rest at its
   * end, as it may go on in another process. Runs with a journal do so. Default false: a system prompt is written at once,
   * the rest when it is used again.
   */
  durable: flag(false),
};
