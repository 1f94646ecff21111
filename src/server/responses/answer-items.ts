import type { ToolCall } from '../../chat/chat-message.js';
import type { GenerationEvent } from '../../engine/generation.js';
import { callItem, messageItem, newId, type OutputItem, reasoningItem, textPart } from './output.js';
import type { ReasoningSeal } from './reasoning-seal.js';

/** Gets each event of a response in order; `type` is its name. */
export type Emit = (type: string, fields: object) => void;

/**
 * An answer as items, one after the other, with the events of each: added, its content as it grows, done. Ids of calls that the
 * client sends back are given here, so that a stored answer and what the client has are the same.
 */
export class AnswerItems {
  readonly output: OutputItem[] = [];
  /** The answer's calls under the ids that the client knows. */
  readonly calls: ToolCall[] = [];
  readonly #emit: Emit;
  readonly #seal: ReasoningSeal;
  readonly #free: ReadonlySet<string>;
  #open: { id: string; kind: 'message' | 'reasoning'; text: string } | undefined;

  constructor(emit: Emit, seal: ReasoningSeal, free: ReadonlySet<string>) {
    this.#emit = emit;
    this.#seal = seal;
    this.#free = free;
  }

  event(event: GenerationEvent): void {
    if (event.type === 'reasoning') this.#grow('reasoning', event.text);
    if (event.type === 'text') this.#grow('message', event.text);
    if (event.type === 'tool-call') this.#call(event.call);
  }

  /** Closes what is open. `cut`: the limit of tokens ended it. */
  end(cut: boolean): void {
    this.#close(cut ? 'incomplete' : 'completed');
  }

  #grow(kind: 'message' | 'reasoning', text: string): void {
    if (this.#open?.kind !== kind) {
      this.#close('completed');
      const id = newId(kind === 'message' ? 'msg' : 'rs');
      this.#open = { id, kind, text: '' };
      const item = kind === 'message' ? { role: 'assistant', content: [] } : { summary: [], content: [] };
      this.#tell('response.output_item.added', { item: { id, type: kind, status: 'in_progress', ...item } });
      if (kind === 'message') this.#part('response.content_part.added', { part: textPart('') });
    }
    (this.#open as { text: string }).text += text;
    if (kind === 'message') this.#part('response.output_text.delta', { delta: text, logprobs: [] });
    else this.#part('response.reasoning_text.delta', { delta: text });
  }

  #close(status: 'completed' | 'incomplete'): void {
    if (this.#open === undefined) return;
    const { id, kind, text } = this.#open;
    if (kind === 'message') {
      this.#part('response.output_text.done', { text, logprobs: [] });
      this.#part('response.content_part.done', { part: textPart(text) });
    } else this.#part('response.reasoning_text.done', { text });
    this.#done(kind === 'message' ? messageItem(id, text, status) : reasoningItem(id, text, this.#seal));
    this.#open = undefined;
  }

  #call(call: ToolCall): void {
    this.#close('completed');
    const [id, callId] = [newId('fc'), `call_${newId('fc').slice(3)}`];
    this.calls.push({ ...call, id: callId });
    const free = this.#free.has(call.name);
    const item = callItem(id, callId, call, free);
    const empty = free ? { input: '' } : { arguments: '' };
    this.#tell('response.output_item.added', { item: { ...item, ...empty, status: 'in_progress' } });
    const [kind, text] = free ? ['custom_tool_call_input', item.input] : ['function_call_arguments', item.arguments];
    this.#tell(`response.${kind}.delta`, { item_id: id, delta: text });
    this.#tell(`response.${kind}.done`, {
      item_id: id,
      ...(free ? { input: text } : { arguments: text, name: call.name }),
    });
    this.#done(item);
  }

  #part(type: string, fields: object): void {
    this.#tell(type, { item_id: this.#open?.id, content_index: 0, ...fields });
  }

  #done(item: OutputItem): void {
    this.#tell('response.output_item.done', { item });
    this.output.push(item);
  }

  #tell(type: string, fields: object): void {
    this.#emit(type, { output_index: this.output.length, ...fields });
  }
}
