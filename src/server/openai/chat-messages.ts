import { type ChatMessage, type ToolCall, toToolCall } from '../../chat/chat-message.js';
import { resultOf, textOf } from '../chat/content.js';
import type { WireMessage } from './wire.js';

/**
 * A conversation as OpenAI's clients send it. `developer` is `system`, absent content is empty, arguments may be an object,
 * calls without ids are paired with their results by their order, and an empty last assistant message is dropped.
 */
export function toMessages(wire: readonly WireMessage[]): ChatMessage[] {
  let open: ToolCall[] = []; // calls that wait for their results
  const messages: ChatMessage[] = [];
  for (const [index, message] of wire.entries()) {
    const field = `messages[${index}]`;
    if (message.role === 'assistant') {
      const toolCalls = toCalls(message, index);
      open = [...toolCalls];
      const reasoning = message.reasoning_content ?? message.reasoning ?? undefined;
      messages.push({ role: 'assistant', content: textOf(field, message.content), reasoning, toolCalls });
    } else if (message.role === 'tool' || message.role === 'function') {
      const [call] = open.splice(
        Math.max(
          open.findIndex(({ id }) => id === message.tool_call_id),
          0,
        ),
        1,
      );
      const toolCallId = message.tool_call_id ?? call?.id ?? '';
      const name = message.name ?? call?.name ?? '';
      messages.push({ role: 'tool', toolCallId, name, content: resultOf(message.content) });
    } else {
      const role = message.role === 'user' ? 'user' : 'system';
      messages.push({ role, content: textOf(field, message.content) });
    }
  }
  const last = messages.at(-1);
  const idle = messages.length > 1 && last?.role === 'assistant' && last.content === '' && !last.toolCalls?.length;
  return idle ? messages.slice(0, -1) : messages;
}

function toCalls({ tool_calls: calls }: WireMessage, message: number): ToolCall[] {
  return (calls ?? []).map(({ id, function: { name, arguments: given } }, index) => {
    const json = typeof given === 'string' ? given : JSON.stringify(given ?? {});
    return toToolCall({ id: id || `call${message}_${index}`, name, arguments: json }, index);
  });
}
