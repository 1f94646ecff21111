import { randomBytes } from 'node:crypto';
import type { ToolCall } from '../../chat/chat-message.js';
import type { GenerationResult, Usage } from '../../engine/generation.js';
import type { ReasoningSeal } from './reasoning-seal.js';
import type { NamedTool } from './tools.js';

/** An item of an answer. Its id and its fields stay the same from its first event to the stored response. */
export type OutputItem = { id: string; type: string; status: 'in_progress' | 'completed' | 'incomplete' } & Record<
  string,
  unknown
>;

export const newId = (kind: 'resp' | 'msg' | 'rs' | 'fc') => `${kind}_${randomBytes(16).toString('hex')}`;

export function messageItem(id: string, text: string, status: OutputItem['status']): OutputItem {
  return { id, type: 'message', status, role: 'assistant', content: [textPart(text)] };
}

export const textPart = (text: string) => ({ type: 'output_text', text, annotations: [], logprobs: [] });

export function reasoningItem(id: string, text: string, seal: ReasoningSeal): OutputItem {
  const content = [{ type: 'reasoning_text', text }];
  return { id, type: 'reasoning', status: 'completed', summary: [], content, encrypted_content: seal.of(text) };
}

/** A call of `tool`. A free text is its only argument here. */
export function callItem(
  { id, callId }: { id: string; callId: string },
  { arguments: json, input }: Pick<ToolCall, 'arguments' | 'input'>,
  { name, namespace, free }: NamedTool,
): OutputItem {
  const head = { id, type: free ? 'custom_tool_call' : 'function_call', status: 'completed' as const, call_id: callId };
  const named = { ...head, name, ...(namespace !== undefined && { namespace }) };
  if (!free) return { ...named, arguments: json };
  const text = (input as { input?: unknown } | undefined)?.input;
  return { ...named, input: typeof text === 'string' ? text : json };
}

export function toUsage(
  { promptTokens, outputTokens, cachedTokens }: Usage,
  reasoningTokens: number,
  written: number,
): object {
  return {
    input_tokens: promptTokens,
    input_tokens_details: { cached_tokens: cachedTokens, cache_write_tokens: written },
    output_tokens: outputTokens,
    output_tokens_details: { reasoning_tokens: reasoningTokens },
    total_tokens: promptTokens + outputTokens,
  };
}

/** How a response ended. */
export function toStatus({ finishReason, toolCalls }: GenerationResult): {
  status: 'completed' | 'incomplete';
  incomplete_details: object | null;
  completed_at: number | null;
} {
  const cut = finishReason === 'length' && toolCalls.length === 0;
  return cut
    ? { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' }, completed_at: null }
    : { status: 'completed', incomplete_details: null, completed_at: Math.floor(Date.now() / 1_000) };
}
