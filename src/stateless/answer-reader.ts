import type { ToolCall } from '../chat/chat-message.js';
import type { Generation, GenerationEvent, GenerationResult } from '../engine/generation.js';

/** One answer as a face reads it: its beginning can be waited for, its reasoning is counted, its tools have the client's names. */
export class AnswerReader implements AsyncIterable<GenerationEvent> {
  /** Tokens of reasoning so far. */
  reasoningTokens = 0;
  readonly result: Promise<GenerationResult>;
  readonly #generation: Generation;
  readonly #named: (call: ToolCall) => ToolCall;
  readonly #events: AsyncIterator<GenerationEvent>;
  #first: Promise<IteratorResult<GenerationEvent>> | undefined;

  /** `named`: a call of the model as the client knows it. */
  constructor(generation: Generation, named: (call: ToolCall) => ToolCall = (call) => call) {
    this.#generation = generation;
    this.#named = named;
    this.#events = generation[Symbol.asyncIterator]();
    this.result = generation.result.then((result) => ({ ...result, toolCalls: result.toolCalls.map(named) }));
    this.result.catch(() => {}); // told by the loop that reads
  }

  /** Resolves at the first event, or after `ms` without one. Rejects when the answer failed before it began. */
  async began(ms: number): Promise<void> {
    this.#first = this.#events.next();
    this.#first.catch(() => {}); // told by the loop that reads on
    let timer: NodeJS.Timeout | undefined;
    const waited = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, ms);
    });
    await Promise.race([this.#first, waited]).finally(() => clearTimeout(timer));
  }

  /** Tokens of the prompt: known before the answer begins. */
  get promptTokens(): Promise<number> {
    return this.#generation.promptTokens;
  }

  /** Ends it; see Generation. */
  cancel(): void {
    this.#generation.cancel();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<GenerationEvent, void, undefined> {
    let fresh = 0; // tokens whose text has not come yet
    for (;;) {
      const { done, value: event } = await (this.#first ?? this.#events.next());
      this.#first = undefined;
      if (done) return;
      if (event.type === 'tokens') fresh = event.tokens.length;
      else if (event.type === 'reasoning') this.reasoningTokens += fresh;
      if (event.type !== 'tokens') fresh = 0;
      yield event.type === 'tool-call' ? { ...event, call: this.#named(event.call) } : event;
    }
  }

  /** The answer when it has ended. */
  async whole(): Promise<GenerationResult> {
    for await (const _ of this);
    return this.result;
  }
}
