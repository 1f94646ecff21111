import type { GenerationEvent, GenerationResult } from '../../engine/generation.js';
import { CallIds } from '../../stateless/call-ids.js';
import { answerMarks } from '../chat/answer-marks.js';
import { type EventFrame, eventFrame } from '../http/event-frame.js';
import type { SseWriter } from '../http/sse-writer.js';
import { type AnswerHead, finishReason, toWireLogprobs } from './chat-answer.js';

/** One answer as chunks: role, deltas, and the reason of its end. */
export class ChatStream {
  readonly #head: AnswerHead;
  readonly #sse: SseWriter;
  readonly #withUsage: boolean;
  readonly #index: number;
  readonly #ids = new CallIds();
  #calls = 0; // begun, those that were cut too: each has an index of its own
  readonly #content: EventFrame;
  readonly #reasoning: EventFrame;
  /** Of the arguments of the call that is being written. */
  #arguments: EventFrame | undefined;

  /** `index`: which of several answers to one question. */
  constructor(head: AnswerHead, sse: SseWriter, withUsage: boolean, index = 0) {
    this.#head = head;
    this.#sse = sse;
    this.#withUsage = withUsage;
    this.#index = index;
    this.#content = eventFrame((content) => this.#chunk({ content }));
    this.#reasoning = eventFrame((reasoning_content) => this.#chunk({ reasoning_content }));
    this.#choice({ role: 'assistant', content: '' });
  }

  event(event: GenerationEvent): void {
    if (event.type === 'text') this.#sse.grow(this.#content, event.text);
    if (event.type === 'reasoning') this.#sse.grow(this.#reasoning, event.text);
    if (event.type === 'call-start') this.#call(event.name);
    if (event.type === 'call-args' && this.#arguments) this.#sse.grow(this.#arguments, event.delta);
    if (event.type === 'tokens' && event.logprobs.length > 0) {
      this.#choice({}, { content: toWireLogprobs(event.logprobs), refusal: null });
    }
  }

  end(result: GenerationResult): void {
    this.#choice({}, null, finishReason(result), answerMarks(result));
  }

  #call(name: string): void {
    const index = this.#calls++;
    const id = this.#ids.of(index);
    this.#choice({ tool_calls: [{ index, id, type: 'function', function: { name, arguments: '' } }] });
    this.#arguments = eventFrame((text) => this.#chunk({ tool_calls: [{ index, function: { arguments: text } }] }));
  }

  #choice(delta: object, logprobs: object | null = null, reason: string | null = null, marks: object = {}): void {
    this.#sse.send(this.#chunk(delta, logprobs, reason, marks));
  }

  #chunk(delta: object, logprobs: object | null = null, reason: string | null = null, marks: object = {}): object {
    const choices = [{ index: this.#index, delta, logprobs, finish_reason: reason }];
    const usage = this.#withUsage && { usage: null };
    return { ...this.#head, object: 'chat.completion.chunk', choices, ...marks, ...usage };
  }
}

/** The end of a stream of one or several answers, after a chunk with their usage where the caller wants it. */
export function endStream(sse: SseWriter, head: AnswerHead, usage: object | undefined): void {
  if (usage) sse.send({ ...head, object: 'chat.completion.chunk', choices: [], usage });
  sse.end('data: [DONE]\n\n');
}
