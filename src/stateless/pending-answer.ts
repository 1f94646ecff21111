import type { ToolCall } from '../chat/chat-message.js';
import type { Generation, GenerationEvent, GenerationResult } from '../engine/generation.js';

/** One answer as a face reads it: its beginning can be waited for, its tools have the client's names. */
export class PendingAnswer implements AsyncIterable<GenerationEvent> {
  /** Tokens of reasoning, once it has ended. */
  reasoningTokens = 0;
  readonly result: Promise<GenerationResult>;
  readonly #generation: Generation;
  readonly #named: (call: ToolCall) => ToolCall;

  /** `named`: a call of the model as the client knows it. */
  constructor(generation: Generation, named: (call: ToolCall) => ToolCall = (call) => call) {
    this.#generation = generation;
    this.#named = named;
    this.result = generation.result.then((result) => {
      this.reasoningTokens = result.usage.reasoningTokens;
      return { ...result, toolCalls: result.toolCalls.map(named) };
    });
    this.result.catch(() => {}); // told by the one who reads
  }

  /** Resolves when the request was accepted, or after `ms`. Rejects when it was refused, or failed before. */
  async began(ms: number): Promise<void> {
    let leave = () => {};
    let timer: NodeJS.Timeout | undefined;
    const first = new Promise<void>((resolve, reject) => {
      leave = this.#generation.subscribe({
        event: () => resolve(),
        end: (failure) => (failure ? reject(failure) : resolve()),
      });
      timer = setTimeout(resolve, ms);
    });
    await first.finally(() => {
      leave();
      clearTimeout(timer);
    });
  }

  /** Tokens of the prompt: known before the answer begins. */
  get promptTokens(): Promise<number> {
    return this.#generation.promptTokens;
  }

  /** Ends it; see Generation. */
  cancel(): void {
    this.#generation.cancel();
  }

  /**
   * Gives the events to `to` as they happen, without a promise each, and resolves at the end. To be called once. Rejects when the
   * answer failed, or with what `to` throws; the answer is cancelled then. `ids`: as of `Generation.subscribe()`, default false.
   */
  async read(to: (event: GenerationEvent) => void, ids = false): Promise<GenerationResult> {
    await new Promise<void>((resolve, reject) => {
      const leave = this.#generation.subscribe(
        {
          event: (event) => {
            try {
              to(this.#seen(event));
            } catch (reason) {
              leave();
              this.#generation.cancel();
              reject(reason);
            }
          },
          end: (failure) => (failure ? reject(failure) : resolve()),
        },
        { ids },
      );
    });
    return this.result;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<GenerationEvent, void, undefined> {
    for await (const event of this.#generation) yield this.#seen(event);
  }

  /** The answer when it has ended. */
  whole(): Promise<GenerationResult> {
    return this.read(() => {});
  }

  #seen(event: GenerationEvent): GenerationEvent {
    if (event.type === 'call-start') {
      const { id, name } = event;
      return { ...event, name: this.#named({ id, name, arguments: '', input: undefined }).name };
    }
    return event.type === 'tool-call' ? { ...event, call: this.#named(event.call) } : event;
  }
}
