import { randomBytes } from 'node:crypto';
import type { ToolCall } from '../../chat/chat-message.js';
import type { GenerationResult, Usage } from '../../engine/generation.js';
import type { Signatures } from '../../stateless/signature.js';
import { DIRECT_CALL, HOSTED_MESSAGE, HOSTED_USAGE } from './hosted-fields.js';

/** Ids of messages and of the uses of tools: they occur once. */
export const newId = (kind: 'msg' | 'toolu' | 'req') => `${kind}_${randomBytes(12).toString('hex')}`;

/** Why an answer ended, in Anthropic's words. `stopText`: the stop sequence that was hit, where it is known. */
export function toStop(
  { toolCalls, finishReason }: Pick<GenerationResult, 'toolCalls' | 'finishReason'>,
  stopText: string | null,
): { stop_reason: string; stop_sequence: string | null } {
  if (toolCalls.length > 0) return { stop_reason: 'tool_use', stop_sequence: null };
  if (finishReason === 'length') return { stop_reason: 'max_tokens', stop_sequence: null };
  if (finishReason === 'stop-sequence') return { stop_reason: 'stop_sequence', stop_sequence: stopText };
  return { stop_reason: 'end_turn', stop_sequence: null };
}

/** `input_tokens` are those that were computed; what was read from the cache stands beside them. */
export function toUsage({ promptTokens, cachedTokens, outputTokens }: Usage): object {
  return {
    input_tokens: promptTokens - cachedTokens,
    cache_read_input_tokens: cachedTokens,
    cache_creation_input_tokens: 0,
    output_tokens: outputTokens,
  };
}

/** Arguments as an object: what is no JSON, or no object, is shown as the model wrote it. */
export function toInput({ input, arguments: json }: ToolCall): object {
  return typeof input === 'object' && input !== null && !Array.isArray(input) ? input : { arguments: json };
}

/** A whole answer: the body of a response that is not streamed. */
export function toMessage(
  model: string,
  result: GenerationResult,
  signatures: Signatures,
  stopText: string | null,
): object {
  const { reasoning, text, toolCalls, usage } = result;
  return {
    id: newId('msg'),
    type: 'message',
    role: 'assistant',
    model,
    content: [
      ...(reasoning ? [{ type: 'thinking', thinking: reasoning, signature: signatures.of(reasoning) }] : []),
      ...(text ? [{ type: 'text', text, citations: [] }] : []),
      ...toolCalls.map((call) => ({
        type: 'tool_use',
        id: newId('toolu'),
        name: call.name,
        input: toInput(call),
        ...DIRECT_CALL,
      })),
    ],
    ...toStop(result, stopText),
    ...HOSTED_MESSAGE,
    usage: { ...HOSTED_USAGE, ...toUsage(usage) },
  };
}
