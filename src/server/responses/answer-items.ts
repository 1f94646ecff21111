import type { ToolCall } from '../../chat/chat-message.js';
import type { GenerationEvent } from '../../engine/generation.js';
import { callItem, messageItem, newId, type OutputItem, reasoningItem, textPart } from './output.js';
import type { ReasoningSeal } from './reasoning-seal.js';
import type { ResponseEvents } from './response-events.js';
import type { NamedTool, Toolbox } from './tools.js';

/**
 * An answer as items, one after the other, with the events of each: added, its content as it grows, done. Ids of calls that the
 * client sends back are given here, so that a stored answer and what the client has are the same.
 */
export class AnswerItems {
  readonly output: OutputItem[] = [];
  /** The answer's calls under the ids that the client knows. */
  readonly calls: ToolCall[] = [];
  readonly #events: Pick<ResponseEvents, 'tell' | 'growing'> | undefined;
  readonly #seal: ReasoningSeal;
  readonly #tools: Toolbox['named'];
  #open: { id: string; kind: 'message' | 'reasoning'; text: string; tell: Grow } | undefined;
  /** The call that is being written: its item, and its arguments so far. */
  #written: { id: string; callId: string; tool: NamedTool; json: string; tell: Grow } | undefined;

  /** `events` undefined: nothing is streamed, and a call that was cut is no item. */
  constructor(
    events: Pick<ResponseEvents, 'tell' | 'growing'> | undefined,
    seal: ReasoningSeal,
    tools: Toolbox['named'],
  ) {
    this.#events = events;
    this.#seal = seal;
    this.#tools = tools;
  }

  event(event: GenerationEvent): void {
    if (event.type === 'reasoning') this.#grow('reasoning', event.text);
    if (event.type === 'text') this.#grow('message', event.text);
    if (event.type === 'call-start') this.#write(event.name);
    if (event.type === 'call-args') this.#arguments(event.delta);
    if (event.type === 'call-end' && !event.whole) this.#cut();
    if (event.type === 'tool-call') this.#call(event.call);
  }

  /** Closes what is open. `cut`: the limit of tokens ended it. */
  end(cut: boolean): void {
    this.#close(cut ? 'incomplete' : 'completed');
  }

  #grow(kind: 'message' | 'reasoning', text: string): void {
    if (this.#open?.kind !== kind) this.#begin(kind);
    const open = this.#open as { text: string; tell: Grow };
    open.text += text;
    open.tell?.(text);
  }

  #begin(kind: 'message' | 'reasoning'): void {
    this.#close('completed');
    const id = newId(kind === 'message' ? 'msg' : 'rs');
    const item = kind === 'message' ? { role: 'assistant', content: [] } : { summary: [], content: [] };
    this.#tell('response.output_item.added', { item: { id, type: kind, status: 'in_progress', ...item } });
    const part = { item_id: id, content_index: 0 };
    if (kind === 'message') this.#tell('response.content_part.added', { ...part, part: textPart('') });
    const tell =
      kind === 'message'
        ? this.#growing('response.output_text.delta', (delta) => ({ ...part, delta, logprobs: [] }))
        : this.#growing('response.reasoning_text.delta', (delta) => ({ ...part, delta }));
    this.#open = { id, kind, text: '', tell };
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

  /** A tool's free text is a value inside the JSON that the model writes: it comes when the call is whole. */
  #write(name: string): void {
    this.#close('completed');
    const [id, callId] = [newId('fc'), `call_${newId('fc').slice(3)}`];
    const tool = this.#tools.get(name) ?? { name, namespace: undefined, free: false };
    const item = callItem({ id, callId }, { arguments: '', input: undefined }, tool);
    this.#tell('response.output_item.added', { item: { ...item, status: 'in_progress' } });
    const growing = () => this.#growing('response.function_call_arguments.delta', (delta) => ({ item_id: id, delta }));
    this.#written = { id, callId, tool, json: '', tell: tool.free ? undefined : growing() };
  }

  #arguments(delta: string): void {
    if (this.#written === undefined) return;
    this.#written.json += delta;
    this.#written.tell?.(delta);
  }

  #cut(): void {
    if (this.#written === undefined) return;
    const written = this.#written;
    this.#written = undefined;
    if (this.#events === undefined) return;
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
    this.#events?.tell(type, { output_index: this.output.length, ...fields });
  }

  #growing(type: string, fields: (text: string) => object): Grow {
    const place = { output_index: this.output.length };
    return this.#events?.growing(type, (text) => ({ ...place, ...fields(text) }));
  }
}

/** Tells of a piece of a growing text; undefined: nothing is told. */
type Grow = ((text: string) => void) | undefined;
