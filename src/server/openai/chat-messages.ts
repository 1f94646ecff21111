import { type ChatMessage, type ToolCall, toToolCall } from '../../chat/chat-message.js';
import type { CacheMark } from '../../stateless/cache/cache-marks.js';
import type { Change } from '../../stateless/cache/changes.js';
import { withoutBilling } from '../../stateless/cache/volatile-text.js';
import { resultOf, textOf, type WirePart } from '../chat/content.js';
import { partMarks } from '../chat/part-marks.js';
import type { WireMessage } from './wire.js';

/** What is told of a conversation beside its messages. */
export interface ToldOfMessages {
  marks: CacheMark[];
  changes: Change[];
}

/**
 * A conversation as OpenAI's clients send it. `developer` is `system`, absent content is empty, arguments may be an object,
 * calls without ids are paired with their results by their order, and an empty last assistant message is dropped.
 */
export function toMessages(
  wire: readonly WireMessage[],
  { marks, changes }: ToldOfMessages,
  ttlOf: (part: WirePart) => number | undefined,
): ChatMessage[] {
  let open: ToolCall[] = []; // calls that wait for their results
  const messages: ChatMessage[] = [];
  for (const [index, message] of wire.entries()) {
    const field = `messages[${index}]`;
    const isTool = message.role === 'tool' || message.role === 'function';
    for (const mark of partMarks(message.content, index, ttlOf)) {
      marks.push(isTool ? { ...mark, characters: undefined } : mark);
    }
    if (message.role === 'assistant') {
      const toolCalls = toCalls(message, index);
      open = [...toolCalls];
      const reasoning = message.reasoning_content ?? message.reasoning ?? undefined;
      messages.push({ role: 'assistant', content: textOf(field, message.content), reasoning, toolCalls });
    } else if (isTool) {
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
      const content = role === 'user' ? message.content : withoutBilling(message.content, field, changes);
      messages.push({ role, content: textOf(field, content) });
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
