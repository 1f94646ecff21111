import type { GenerationEvent, GenerationResult } from '../../engine/generation.js';
import { CallIds } from '../../stateless/call-ids.js';
import type { Signatures } from '../../stateless/signature.js';
import type { StreamPart } from './specification.js';
import { finished } from './usage.js';

type Block = 'text' | 'reasoning';

/** An answer as parts of the AI SDK's stream: blocks of text and reasoning, each begun and ended, and calls between them. */
export class PartWriter {
  readonly #signatures: Signatures;
  readonly #ids = new CallIds();
  #open: { block: Block; id: string; text: string } | undefined;
  #blocks = 0;
  #calls = 0; // begun, those that were cut too
  #call = ''; // id of the last one

  constructor(signatures: Signatures) {
    this.#signatures = signatures;
  }

  *event(event: GenerationEvent): Generator<StreamPart> {
    if (event.type === 'text' || event.type === 'reasoning') yield* this.#piece(event.type, event.text);
    if (event.type === 'call-start') {
      yield* this.#close();
      this.#call = this.#ids.of(this.#calls++);
      yield { type: 'tool-input-start', id: this.#call, toolName: event.name };
    }
    if (event.type === 'call-args') yield { type: 'tool-input-delta', id: this.#call, delta: event.delta };
    if (event.type === 'call-end') yield { type: 'tool-input-end', id: this.#call };
    if (event.type === 'tool-call') {
      const { name: toolName, arguments: input } = event.call;
      yield { type: 'tool-call', toolCallId: this.#call, toolName, input };
    }
  }

  *end(result: GenerationResult, reasoningTokens: number): Generator<StreamPart> {
    yield* this.#close();
    yield { type: 'finish', ...finished(result, reasoningTokens) };
  }

  *#piece(block: Block, delta: string): Generator<StreamPart> {
    if (this.#open?.block !== block) {
      yield* this.#close();
      this.#open = { block, id: String(this.#blocks++), text: '' };
      yield { type: `${block}-start`, id: this.#open.id };
    }
    if (block === 'reasoning') this.#open.text += delta;
    yield { type: `${block}-delta`, id: this.#open.id, delta };
  }

  /** The AI SDK sends reasoning back with what is said of it here. */
  *#close(): Generator<StreamPart> {
    if (!this.#open) return;
    const { block, id, text } = this.#open;
    this.#open = undefined;
    if (block === 'text') yield { type: 'text-end', id };
    else {
      const providerMetadata = { banyan: { signature: this.#signatures.of(text) } };
      yield { type: 'reasoning-end', id, providerMetadata };
    }
  }
}
