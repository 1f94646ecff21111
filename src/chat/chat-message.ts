import { contentHint, roleHint, toolMessageHint } from '../kit/advice/foreign-shapes.js';
import { BanyanError } from '../kit/errors.js';
import type { NativeToolCall } from '../native/binding.js';
import type { CacheHint } from './marks/cache-hint.js';
import { toTemplateArguments } from './template-arguments.js';

export interface ToolCall {
  /** Links the call with its result. */
  readonly id: string;
  /** Name of the tool. */
  readonly name: string;
  /** JSON text, exactly as the model wrote it. */
  readonly arguments: string;
  /** The same, parsed; undefined when it is no JSON. */
  readonly input: unknown;
}

export interface AssistantMessage {
  role: 'assistant';
  content: string;
  /** Mark that keeps the prompt up to the end of this text. Default: as long as there is room. */
  cache?: CacheHint | undefined;
  reasoning?: string | undefined;
  toolCalls?: readonly ToolCall[] | undefined;
}

export interface ToolMessage {
  role: 'tool';
  /** Mark that keeps the prompt up to the end of this result. Default: as long as there is room. */
  cache?: CacheHint | undefined;
  toolCallId: string;
  name: string;
  content: string;
}

/** What is said by the program, or by who asks. */
export interface SaidMessage {
  role: 'system' | 'user';
  content: string;
  /** Mark that keeps the prompt up to the end of this text. Default: as long as there is room. */
  cache?: CacheHint | undefined;
}

export type ChatMessage = SaidMessage | AssistantMessage | ToolMessage;

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
  if (!Array.isArray(messages) || messages.length === 0)
    throw invalidMessage('messages', 'must be a list with a message');
  for (const [index, message] of messages.entries()) {
    const at = `messages[${index}]`;
    if (!['system', 'user', 'assistant', 'tool'].includes(message?.role)) {
      throw invalidMessage(`${at}.role`, `must be system, user, assistant or tool${roleHint(message)}`);
    }
    if (typeof message.content !== 'string')
      throw invalidMessage(`${at}.content`, `must be a string${contentHint(message)}`);
    if (message.role === 'tool') checkToolMessage(at, message);
    if (message.role !== 'assistant') continue;
    if ('tool_calls' in message)
      throw invalidMessage(`${at}.tool_calls`, 'is `toolCalls: [{ id, name, arguments }]` here');
    checkToolCalls(`${at}.toolCalls`, message.toolCalls ?? []);
  }
}

function checkToolMessage(at: string, message: ToolMessage): void {
  if (typeof message.toolCallId !== 'string')
    throw invalidMessage(`${at}.toolCallId`, `must be the id of a tool call${toolMessageHint(message)}`);
}

function checkToolCalls(field: string, calls: readonly ToolCall[]): void {
  if (!Array.isArray(calls)) throw invalidMessage(field, 'must be a list');
  for (const [index, call] of calls.entries()) {
    for (const key of ['id', 'name', 'arguments'] as const) {
      if (typeof call?.[key] !== 'string') throw invalidMessage(`${field}[${index}].${key}`, 'must be a string');
    }
  }
}

export function invalidMessage(field: string, problem: string): BanyanError {
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
        function: { name, arguments: toTemplateArguments(json) },
      })),
    }),
  };
}
