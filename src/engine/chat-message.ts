import type { NativeToolCall } from '../native/binding.js';
import { BanyanError } from './errors.js';
import { contentHint, roleHint, toolMessageHint } from './foreign-shapes.js';

export interface ToolCall {
  /** Links the call with its result. */
  readonly id: string;
  readonly name: string;
  /** JSON text, exactly as the model wrote it. */
  readonly arguments: string;
  /** The same, parsed; undefined when it is no JSON. */
  readonly input: unknown;
}

export interface AssistantMessage {
  role: 'assistant';
  content: string;
  reasoning?: string | undefined;
  toolCalls?: readonly ToolCall[] | undefined;
}

export interface ToolMessage {
  role: 'tool';
  toolCallId: string;
  name: string;
  content: string;
}

export type ChatMessage = { role: 'system' | 'user'; content: string } | AssistantMessage | ToolMessage;

/** Models that give no ids get stable ones: nine characters, which every known template accepts. */
export function toToolCall(call: NativeToolCall, index: number): ToolCall {
  return { ...call, id: call.id || `call${String(index).padStart(5, '0')}`, input: parsed(call.arguments) };
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** Throws INVALID_MESSAGES naming the message and field. */
export function checkMessages(messages: readonly ChatMessage[]): void {
  if (!Array.isArray(messages) || messages.length === 0) throw invalid('messages', 'must be a list with a message');
  for (const [index, message] of messages.entries()) {
    const at = `messages[${index}]`;
    if (!['system', 'user', 'assistant', 'tool'].includes(message?.role)) {
      throw invalid(`${at}.role`, `must be system, user, assistant or tool${roleHint(message)}`);
    }
    if (typeof message.content !== 'string') throw invalid(`${at}.content`, `must be a string${contentHint(message)}`);
    if (message.role === 'tool' && typeof message.toolCallId !== 'string') {
      throw invalid(`${at}.toolCallId`, `must be the id of a tool call${toolMessageHint(message)}`);
    }
    if (message.role !== 'assistant') continue;
    if ('tool_calls' in message) throw invalid(`${at}.tool_calls`, 'is `toolCalls: [{ id, name, arguments }]` here');
    checkToolCalls(`${at}.toolCalls`, message.toolCalls ?? []);
  }
}

function checkToolCalls(field: string, calls: readonly ToolCall[]): void {
  if (!Array.isArray(calls)) throw invalid(field, 'must be a list');
  for (const [index, call] of calls.entries()) {
    for (const key of ['id', 'name', 'arguments'] as const) {
      if (typeof call?.[key] !== 'string') throw invalid(`${field}[${index}].${key}`, 'must be a string');
    }
  }
}

function invalid(field: string, problem: string): BanyanError {
  return new BanyanError('INVALID_MESSAGES', `${field} ${problem}`, { field });
}

/** About how many characters a message has. */
export function textLength(message: ChatMessage): number {
  const { content } = message;
  if (message.role !== 'assistant') return content.length;
  const calls = message.toolCalls ?? [];
  return calls.reduce((sum, call) => sum + call.arguments.length, content.length + (message.reasoning?.length ?? 0));
}

/** The OpenAI shape that chat templates expect. */
export function toTemplateMessage(message: ChatMessage): object {
  if (message.role === 'tool') {
    const { role, toolCallId, name, content } = message;
    return { role, tool_call_id: toolCallId, name, content };
  }
  if (message.role !== 'assistant') return { role: message.role, content: message.content };
  const { role, content, reasoning, toolCalls } = message;
  return {
    role,
    content,
    ...(reasoning && { reasoning_content: reasoning }),
    ...(toolCalls?.length && {
      tool_calls: toolCalls.map(({ id, name, arguments: json }) => ({
        id,
        type: 'function',
        function: { name, arguments: parsed(json) === undefined ? '{}' : json }, // a call that was cut off is no JSON
      })),
    }),
  };
}
