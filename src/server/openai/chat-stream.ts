import type { GenerationEvent, GenerationResult } from '../../engine/generation.js';
import { CallIds } from '../../stateless/call-ids.js';
import { answerMarks } from '../chat/answer-marks.js';
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
  /** What stands before and after the delta of a chunk: the same in all of an answer, so that a token costs only its text. */
  readonly #before: string;
  readonly #after: string;

  /** `index`: which of several answers to one question. */
  constructor(head: AnswerHead, sse: SseWriter, withUsage: boolean, index = 0) {
    this.#head = head;
    this.#sse = sse;
    this.#withUsage = withUsage;
    this.#index = index;
    const fields = JSON.stringify({ ...head, object: 'chat.completion.chunk' }).slice(0, -1);
    this.#before = `data: ${fields},"choices":[{"index":${index},"delta":`;
    this.#after = `,"logprobs":null,"finish_reason":null}]${withUsage ? ',"usage":null' : ''}}\n\n`;
    this.#choice({ role: 'assistant', content: '' });
  }

  event(event: GenerationEvent): void {
    if (event.type === 'text') this.#grow('content', event.text);
    if (event.type === 'reasoning') this.#grow('reasoning_content', event.text);
    if (event.type === 'call-start') this.#call(event.name);
    if (event.type === 'call-args') this.#arguments(event.delta);
    if (event.type === 'tokens' && event.logprobs.length > 0) {
      this.#choice({}, { content: toWireLogprobs(event.logprobs), refusal: null });
    }
  }

  end(result: GenerationResult): void {
    this.#choice({}, null, finishReason(result), answerMarks(result));
  }

  #grow(field: 'content' | 'reasoning_content', text: string): void {
    this.#sse.text(`${this.#before}{"${field}":${JSON.stringify(text)}}${this.#after}`);
  }

  #call(name: string): void {
    const index = this.#calls++;
    const id = this.#ids.of(index);
    this.#choice({ tool_calls: [{ index, id, type: 'function', function: { name, arguments: '' } }] });
  }

  #arguments(delta: string): void {
    const call = `"index":${this.#calls - 1},"function":{"arguments":${JSON.stringify(delta)}}`;
    this.#sse.text(`${this.#before}{"tool_calls":[{${call}}]}${this.#after}`);
  }

  #choice(delta: object, logprobs: object | null = null, reason: string | null = null, marks: object = {}): void {
    const choices = [{ index: this.#index, delta, logprobs, finish_reason: reason }];
    const usage = this.#withUsage && { usage: null };
    this.#sse.send({ ...this.#head, object: 'chat.completion.chunk', choices, ...marks, ...usage });
  }
}

/** The end of a stream of one or several answers, after a chunk with their usage where the caller wants it. */
export function endStream(sse: SseWriter, head: AnswerHead, usage: object | undefined): void {
  if (usage) sse.send({ ...head, object: 'chat.completion.chunk', choices: [], usage });
  sse.end('data: [DONE]\n\n');
}
