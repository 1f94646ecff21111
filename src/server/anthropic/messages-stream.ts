import type { GenerationEvent, GenerationResult } from '../../engine/generation.js';
import type { CacheReport } from '../../stateless/cache/cache-report.js';
import type { Signatures } from '../../stateless/signature.js';
import { answerMarks } from '../chat/answer-marks.js';
import { type EventFrame, eventFrame } from '../http/event-frame.js';
import type { SseWriter } from '../http/sse-writer.js';
import { DIRECT_CALL, HOSTED_MESSAGE, HOSTED_USAGE } from './hosted-fields.js';
import { newId, toStop, toUsage } from './messages-answer.js';

/**
 * One answer as Anthropic's events: message_start, blocks one after the other (each start, deltas, stop), message_delta with
 * the reason of the end and the usage, message_stop. A block of thinking ends with its signature.
 */
export class MessagesStream {
  readonly #sse: SseWriter;
  readonly #signatures: Signatures;
  #index = -1;
  #open: 'thinking' | 'text' | 'tool_use' | undefined;
  #reasoning = '';
  /** Of the deltas of the open block. */
  #frame: EventFrame | undefined;

  constructor(
    sse: SseWriter,
    signatures: Signatures,
    { id, model }: { id: string; model: string },
    inputTokens: number,
  ) {
    this.#sse = sse;
    this.#signatures = signatures;
    const usage = { ...HOSTED_USAGE, input_tokens: inputTokens, output_tokens: 0 };
    this.#send('message_start', {
      message: {
        ...{ id, type: 'message', role: 'assistant', model, content: [], usage, ...HOSTED_MESSAGE },
        ...{ stop_reason: null, stop_sequence: null },
      },
    });
    this.#send('ping', {});
  }

  event(event: GenerationEvent): void {
    if (event.type === 'reasoning') {
      this.#begin('thinking');
      this.#reasoning += event.text;
      this.#grow(event.text);
    }
    if (event.type === 'text') {
      this.#begin('text');
      this.#grow(event.text);
    }
    if (event.type === 'call-start') this.#call(event.name);
    if (event.type === 'call-args') this.#grow(event.delta);
    if (event.type === 'call-end') this.#close();
  }

  end(result: GenerationResult, cache: CacheReport, diagnostics: object | null): void {
    this.#close();
    this.#send('message_delta', {
      ...{ delta: toStop(result), usage: toUsage(result.usage, cache) },
      ...answerMarks(result),
      ...(diagnostics && { diagnostics }),
    });
    this.#send('message_stop', {});
    this.#sse.end();
  }

  fail(error: object): void {
    this.#sse.send(error, 'error');
    this.#sse.end();
  }

  #call(name: string): void {
    this.#close();
    this.#open = 'tool_use';
    this.#start({ type: 'tool_use', id: newId('toolu'), name, input: {}, ...DIRECT_CALL });
    this.#prepare('input_json_delta', 'partial_json');
  }

  #begin(kind: 'thinking' | 'text'): void {
    if (this.#open === kind) return;
    this.#close();
    this.#open = kind;
    this.#start(kind === 'text' ? { type: 'text', text: '' } : { type: 'thinking', thinking: '', signature: '' });
    this.#prepare(`${kind}_delta`, kind);
  }

  #prepare(type: string, field: string): void {
    const [name, index] = ['content_block_delta', this.#index];
    this.#frame = eventFrame((text) => ({ type: name, index, delta: { type, [field]: text } }), name);
  }

  #grow(text: string): void {
    if (this.#frame) this.#sse.grow(this.#frame, text);
  }

  #close(): void {
    if (this.#open === undefined) return;
    if (this.#open === 'thinking') {
      this.#delta({ type: 'signature_delta', signature: this.#signatures.of(this.#reasoning) });
      this.#reasoning = '';
    }
    this.#open = undefined;
    this.#stop();
  }

  #start(block: object): void {
    this.#index++;
    this.#send('content_block_start', { index: this.#index, content_block: block });
  }

  #delta(delta: object): void {
    this.#send('content_block_delta', { index: this.#index, delta });
  }

  #stop(): void {
    this.#send('content_block_stop', { index: this.#index });
  }

  #send(type: string, fields: object): void {
    this.#sse.send({ type, ...fields }, type);
  }
}
