import { createHash } from 'node:crypto';
import type { ChatMessage, ToolCall } from '../chat/chat-message.js';
import type { ToolChoice, ToolSpec } from '../chat/tool-spec.js';

const KNOWN = /^[A-Za-z0-9_-]{1,64}$/;

/**
 * Names of tools that clients send and templates do not take: with dots, as MCP servers have them, or longer than 64 characters.
 * The model gets another name for such a tool, always the same one, and the client its own back.
 */
export class ToolNames {
  readonly #theirs = new Map<string, string>();

  constructor(tools: readonly ToolSpec[]) {
    for (const { name } of tools) this.#theirs.set(modelName(name), name);
  }

  /** The tool as the model is shown it. */
  spec(tool: ToolSpec): ToolSpec {
    return { ...tool, name: modelName(tool.name) };
  }

  /** A message of the conversation, its calls and results under the names that the model knows. */
  message(message: ChatMessage): ChatMessage {
    if (message.role === 'tool') return { ...message, name: modelName(message.name) };
    if (message.role !== 'assistant' || !message.toolCalls?.length) return message;
    return { ...message, toolCalls: message.toolCalls.map((call) => ({ ...call, name: modelName(call.name) })) };
  }

  choice(choice: ToolChoice): ToolChoice {
    return typeof choice === 'string' ? choice : { tool: modelName(choice.tool) };
  }

  /** A call of the model under the name that the client knows. */
  call(call: ToolCall): ToolCall {
    return { ...call, name: this.#theirs.get(call.name) ?? call.name };
  }
}

/** The name itself where templates take it; else what of it they take, and a digest that tells it from its like. */
export function modelName(name: string): string {
  if (KNOWN.test(name) || name === '') return name;
  const digest = createHash('sha256').update(name).digest('hex').slice(0, 8);
  return `${name.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, 55)}_${digest}`;
}
