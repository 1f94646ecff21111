import type { NativeMessage, NativeToolCall } from '../../native/binding.js';
import type { NativeEvent } from '../../native/events.js';
import { WireFailure } from '../token/transport.js';
import type { ChatMetadata, ChatPiece, ChatTurn } from './chat-model.js';
import type { Told } from './told.js';

type Part = Extract<ChatTurn, { role: 'assistant' }>['content'][number];

/** One answer as it comes: its texts at once, its calls held until it is whole. */
export class ChatAnswer {
  readonly said: NativeMessage = { content: '', reasoning: '', toolCalls: [] };
  /** As the provider has it back with the next turn. */
  readonly parts: Part[] = [];
  readonly #held: NativeToolCall[] = [];
  readonly #request: number;
  readonly #told: Told;

  /** `told`: what was told of the answer, by tries before this one. */
  constructor(request: number, told: Told) {
    this.#request = request;
    this.#told = told;
    told.again();
  }

  /** The events of a piece; undefined: it is none of the answer. Throws WireFailure for what is no piece, STREAM_BROKEN for another one than was told. */
  read(piece: ChatPiece): NativeEvent[] | undefined {
    const { type, providerMetadata: metadata } = piece;
    switch (type) {
      case 'text-delta':
        return this.#text('text', textOf(piece.delta), undefined);
      case 'reasoning-start':
        this.parts.push({ type: 'reasoning', text: '', ...beside(metadata) });
        return [];
      case 'reasoning-delta':
        return this.#text('reasoning', textOf(piece.delta), metadata);
      case 'reasoning-end':
        return this.#text('reasoning', '', metadata);
      case 'tool-call':
        this.#hold(piece);
        return [];
      default:
        return type.startsWith('tool-input') ? [] : undefined;
    }
  }

  /** The events of its calls, now that it is whole; `one`: no more than one was asked for. `progress`: of how they were written, too. */
  end(one: boolean, progress: boolean): NativeEvent[] {
    const request = this.#request;
    return this.#held.slice(0, one ? 1 : undefined).flatMap((call): NativeEvent[] => {
      if (!isJson(call.arguments)) return this.#text('text', call.arguments, undefined); // it was cut
      const index = this.said.toolCalls.push(call) - 1;
      const { id, name, arguments: delta } = call;
      this.parts.push({ type: 'tool-call', toolCallId: id, toolName: name, input: JSON.parse(delta), ...this.#of(id) });
      return [
        ...(progress ? [{ type: 'call-start' as const, request, index, id, name }] : []),
        ...(progress ? [{ type: 'call-args' as const, request, index, delta }] : []),
        { type: 'tool-call', request, index, call },
      ];
    });
  }

  readonly #metadata = new Map<string, ChatMetadata>();

  #of(id: string) {
    return beside(this.#metadata.get(id));
  }

  #hold({ toolCallId: id, toolName: name, input, providerExecuted, providerMetadata }: ChatPiece): void {
    if (providerExecuted) return; // the provider runs a tool of its own
    const json = typeof input === 'string' && input.trim() === '' ? '{}' : input; // of a tool without parameters
    if (typeof id !== 'string' || typeof name !== 'string' || typeof json !== 'string') {
      throw new WireFailure('broken', 'a call of it is none');
    }
    this.#held.push({ id, name, arguments: json });
    if (providerMetadata) this.#metadata.set(id, providerMetadata);
  }

  #text(type: 'text' | 'reasoning', delta: string, metadata: ChatMetadata | undefined): NativeEvent[] {
    const last = this.parts.at(-1);
    if (last?.type === type) {
      last.text += delta;
      Object.assign(last, beside(metadata));
    } else if (delta !== '') this.parts.push({ type, text: delta, ...beside(metadata) });
    this.said[type === 'text' ? 'content' : 'reasoning'] += delta;
    const fresh = this.#told.fresh(type, delta);
    if (fresh === '') return [];
    const [text, reasoning] = type === 'text' ? [fresh, ''] : ['', fresh];
    return [{ type: 'tokens', request: this.#request, tokens: [], text, reasoning }];
  }
}

const beside = (metadata: ChatMetadata | undefined) => (metadata ? { providerOptions: metadata } : {});

function textOf(delta: unknown): string {
  if (typeof delta === 'string') return delta;
  throw new WireFailure('broken', 'a text of it is none');
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
