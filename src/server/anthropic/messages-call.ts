import { type ChatMessage, type ToolCall, toToolCall } from '../../chat/chat-message.js';
import type { ToolChoice, ToolSpec } from '../../chat/tool-spec.js';
import type { TurnOptions } from '../../engine/request-options.js';
import type { JsonSchema } from '../../schema/compile-schema.js';
import { anthropicTtl, type CacheMark } from '../../stateless/cache/cache-marks.js';
import type { Change } from '../../stateless/cache/changes.js';
import { withoutBilling } from '../../stateless/cache/volatile-text.js';
import type { ChatCall } from '../../stateless/chat-call.js';
import type { Signatures } from '../../stateless/signature.js';
import { resultOf, textOf } from '../chat/content.js';
import { partMarks } from '../chat/part-marks.js';
import { toSampling } from '../chat/sampling-fields.js';
import { given, unknownFields } from '../chat/wire-body.js';
import { HttpError } from '../http/http-error.js';
import { type CountRequest, messagesRequest, type WireBlock, type WireMessage } from './wire.js';

/** What a checked body of /v1/messages asks of the engine. Throws HttpError 400. */
export function toMessagesCall(body: CountRequest, raw: unknown, signatures: Signatures): ChatCall {
  const ignored = unknownFields(messagesRequest, raw);
  const tools = (body.tools ?? []).flatMap((tool, index): ToolSpec[] => {
    if (tool.input_schema === undefined) {
      ignored.push(`tools[${index}] (${tool.type ?? tool.name})`); // run at Anthropic's
      return [];
    }
    const { name, description, input_schema: parameters } = tool;
    return [{ name, description: description ?? '', parameters: parameters as JsonSchema }];
  });
  const changes: Change[] = [];
  const system = textOf('system', withoutBilling(body.system, 'system', changes));
  const messages: ChatMessage[] = system === '' ? [] : [{ role: 'system', content: system }];
  const fields = messages.map(() => 'system');
  const marks = staticMarks(body);
  const names = new Map<string, string>(); // of calls, by their ids
  for (const [index, wire] of body.messages.entries()) {
    const field = `messages[${index}]`;
    const content = wire.role === 'system' ? withoutBilling(wire.content, field, changes) : wire.content;
    const message = { ...wire, content: content ?? '' } as WireMessage;
    const added = toMessages(field, message, names, signatures);
    marks.push(...marksOf(message, messages.length));
    messages.push(...added);
    fields.push(...added.map(() => field));
  }
  const ttlMs = anthropicTtl(body);
  if (ttlMs !== undefined) marks.push({ message: messages.length - 1, ttlMs });
  const options = { ...toOptions(body), ...toToolOptions(body, tools) };
  return { ...goesOn(messages, options), tools, ignored, changes, marks, fields };
}

/** A last message of the assistant is the beginning of the answer; one that says nothing is none. */
function goesOn(messages: ChatMessage[], options: ChatCall['options']): Pick<ChatCall, 'messages' | 'options'> {
  const last = messages.at(-1);
  if (last?.role !== 'assistant' || last.toolCalls?.length) return { messages, options };
  if (last.content !== '') return { messages, options: { ...options, continueAnswer: true } };
  return { messages: messages.length > 1 ? messages.slice(0, -1) : messages, options };
}

/** Marks of tools and instructions, which chat templates write as one. */
function staticMarks({ tools, system }: CountRequest): CacheMark[] {
  const blocks = [...(tools ?? []), ...(Array.isArray(system) ? system : [])];
  return blocks.flatMap((block): CacheMark[] => {
    const ttlMs = anthropicTtl(block);
    return ttlMs === undefined ? [] : [{ message: -1, ttlMs }];
  });
}

/** Marks of a message's blocks; `first`: where what it becomes begins. Calls and results are marked behind their last word. */
function marksOf({ content }: WireMessage, first: number): CacheMark[] {
  if (typeof content === 'string') return [];
  const results = content.filter(({ type }) => type === 'tool_result');
  const marked = results.flatMap((block, index): CacheMark[] => {
    const ttlMs = anthropicTtl(block);
    return ttlMs === undefined ? [] : [{ message: first + index, ttlMs }];
  });
  const said = content.filter(({ type }) => type !== 'tool_result');
  const calls = said.flatMap((block): CacheMark[] => {
    const ttlMs = block.type === 'tool_use' ? anthropicTtl(block) : undefined;
    return ttlMs === undefined ? [] : [{ message: first, ttlMs }];
  });
  const texts = said.filter(({ type }) => type === 'text');
  return [...marked, ...partMarks(texts, first + results.length, anthropicTtl), ...calls];
}

/** One message on the wire: results of tools are messages of their own here, in front of what the user says beside them. */
function toMessages(
  field: string,
  { role, content }: WireMessage,
  names: Map<string, string>,
  signatures: Signatures,
): ChatMessage[] {
  if (typeof content === 'string') return [{ role, content }];
  if (role === 'assistant') return [toAssistant(field, content, names, signatures)];
  const results = content
    .filter(({ type }) => type === 'tool_result')
    .map(
      ({ tool_use_id: id = '', content: result, is_error: failed }): ChatMessage => ({
        role: 'tool',
        toolCallId: id,
        name: names.get(id) ?? '',
        content: `${failed ? 'Error: ' : ''}${resultOf(result)}`,
      }),
    );
  const said = content.filter(({ type }) => type !== 'tool_result');
  return said.length === 0 ? results : [...results, { role, content: textOf(field, said) }];
}

function toAssistant(
  field: string,
  blocks: readonly WireBlock[],
  names: Map<string, string>,
  signatures: Signatures,
): ChatMessage {
  const said: WireBlock[] = [];
  const toolCalls: ToolCall[] = [];
  let reasoning = '';
  for (const block of blocks) {
    if (block.type === 'thinking') {
      const { thinking = '', signature = '' } = block;
      if (signatures.isOurs(thinking, signature)) reasoning += thinking;
    } else if (block.type === 'tool_use') {
      const { id = '', name = '', input } = block;
      names.set(id, name);
      toolCalls.push(toToolCall({ id, name, arguments: JSON.stringify(input ?? {}) }, toolCalls.length));
    } else if (block.type !== 'redacted_thinking') said.push(block);
  }
  const content = textOf(field, said);
  return { role: 'assistant', content, ...(reasoning && { reasoning }), ...(toolCalls.length > 0 && { toolCalls }) };
}

/** What the caller leaves open is the engine's default. */
function toOptions(body: CountRequest): TurnOptions {
  const { thinking } = body;
  const format = body.output_config?.format ?? body.output_format;
  return given({
    maxTokens: body.max_tokens,
    ...toSampling(body),
    stop: body.stop_sequences,
    schema: format?.schema as JsonSchema | undefined,
    thinking: thinking == null ? undefined : thinking.type !== 'disabled',
    thinkingTokens: thinking?.type === 'enabled' ? thinking.budget_tokens : undefined,
  });
}

function toToolOptions({ tool_choice: choice }: CountRequest, tools: readonly ToolSpec[]): TurnOptions {
  if (choice == null) return {};
  if (tools.length === 0) {
    if (choice.type === 'auto' || choice.type === 'none') return {};
    throw new HttpError(400, 'invalid_request', 'tool_choice asks for a tool, and there is none', 'tool_choice');
  }
  const parallelToolCalls = choice.disable_parallel_tool_use == null ? undefined : !choice.disable_parallel_tool_use;
  return given({ toolChoice: toChoice(choice), parallelToolCalls });
}

function toChoice({ type, name }: { type: 'auto' | 'any' | 'tool' | 'none'; name?: string | undefined }): ToolChoice {
  if (type !== 'tool') return type === 'any' ? 'required' : type;
  if (name === undefined) throw new HttpError(400, 'invalid_request', 'a tool must be named', 'tool_choice.name');
  return { tool: name };
}
