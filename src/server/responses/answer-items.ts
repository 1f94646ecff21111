import type { ToolCall } from '../../chat/chat-message.js';
import type { GenerationEvent } from '../../engine/generation.js';
import { callItem, messageItem, newId, type OutputItem, reasoningItem, textPart } from './output.js';
import type { ReasoningSeal } from './reasoning-seal.js';
import type { NamedTool, Toolbox } from './tools.js';

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
  readonly #emit: Emit | undefined;
  readonly #seal: ReasoningSeal;
  readonly #tools: Toolbox['named'];
  #open: { id: string; kind: 'message' | 'reasoning'; text: string } | undefined;
  /** The call that is being written: its item, and its arguments so far. */
  #written: { id: string; callId: string; tool: NamedTool; json: string } | undefined;

  /** `emit` undefined: nothing is streamed, and a call that was cut is no item. */
  constructor(emit: Emit | undefined, seal: ReasoningSeal, tools: Toolbox['named']) {
    this.#emit = emit;
    this.#seal = seal;
    this.#tools = tools;
  }

  event(event: GenerationEvent): void {
    if (event.type === 'reasoning') this.#grow('reasoning', event.text);
    if (event.type === 'text') this.#grow('message', event.text);
    if (event.type === 'call-start') this.#begin(event.name);
    if (event.type === 'call-args') this.#arguments(event.delta);
    if (event.type === 'call-end' && !event.whole) this.#cut();
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

  #begin(name: string): void {
    this.#close('completed');
    const [id, callId] = [newId('fc'), `call_${newId('fc').slice(3)}`];
    const tool = this.#tools.get(name) ?? { name, namespace: undefined, free: false };
    this.#written = { id, callId, tool, json: '' };
    const item = callItem(this.#written, { arguments: '', input: undefined }, tool);
    this.#tell('response.output_item.added', { item: { ...item, status: 'in_progress' } });
  }

  /** A tool's free text is a value inside the JSON that the model writes: it comes when the call is whole. */
  #arguments(delta: string): void {
    const call = this.#written;
    if (call === undefined) return;
    call.json += delta;
    if (!call.tool.free) this.#tell('response.function_call_arguments.delta', { item_id: call.id, delta });
  }

  #cut(): void {
    if (this.#written === undefined) return;
    const written = this.#written;
    this.#written = undefined;
    if (this.#emit === undefined) return;
    const item = callItem(written, { arguments: written.json, input: undefined }, written.tool);
    this.#done({ ...item, status: 'incomplete' });
  }

  #call(call: ToolCall): void {
    if (this.#written === undefined) return;
    const { id, callId, tool } = this.#written;
    this.#written = undefined;
    this.calls.push({ ...call, id: callId });
    const item = callItem({ id, callId }, call, tool);
    if (tool.free) {
      this.#tell('response.custom_tool_call_input.delta', { item_id: id, delta: item.input });
      this.#tell('response.custom_tool_call_input.done', { item_id: id, input: item.input });
    } else {
      this.#tell('response.function_call_arguments.done', { item_id: id, arguments: call.arguments, name: tool.name });
    }
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
    this.#emit?.(type, { output_index: this.output.length, ...fields });
  }
}
