import { type AssistantMessage, type ChatMessage, type ToolCall, toToolCall } from '../../chat/chat-message.js';
import type { CacheMark } from '../../stateless/cache/cache-marks.js';
import type { Change } from '../../stateless/cache/changes.js';
import { withoutBilling } from '../../stateless/cache/volatile-text.js';
import { resultOf, textOf, type WirePart } from '../chat/content.js';
import { partMarks } from '../chat/part-marks.js';
import type { ReasoningSeal } from './reasoning-seal.js';
import { shownName } from './tools.js';
import type { WireItem } from './wire.js';

/** What is told of items beside their messages. */
export interface ToldOfItems {
  /** `message` is the position among all messages, those before the items too. */
  marks: CacheMark[];
  changes: Change[];
  /** The field of each message. */
  fields: string[];
  /** Items that are not read. */
  ignored: string[];
}

/**
 * Items as a conversation. What the model said in one turn comes as several items in a row (reasoning, message, calls): they are
 * one message here. `before` is what the items go on from.
 */
export function toConversation(
  before: readonly ChatMessage[],
  items: readonly WireItem[],
  seal: ReasoningSeal,
  told: ToldOfItems,
  ttlOf: (part: WirePart) => number | undefined,
): ChatMessage[] {
  const messages = [...before];
  const names = new Map(messages.flatMap((message) => callsOf(message).map(({ id, name }) => [id, name] as const)));
  let turn: AssistantMessage | undefined;
  const said = () => {
    if (turn === undefined) {
      turn = { role: 'assistant', content: '' };
      messages.push(turn);
    }
    return turn;
  };
  for (const [index, item] of items.entries()) {
    const field = `input[${index}]`;
    const first = messages.length;
    switch (item.type ?? 'message') {
      case 'message': {
        const { role = 'user' } = item;
        const instructs = role === 'system' || role === 'developer';
        const content = textOf(field, instructs ? withoutBilling(item.content, field, told.changes) : item.content);
        if (role === 'assistant') said().content += content;
        else {
          turn = undefined;
          told.marks.push(...partMarks(item.content, messages.length, ttlOf));
          messages.push({ role: role === 'user' ? 'user' : 'system', content });
        }
        break;
      }
      case 'reasoning':
        said().reasoning = (said().reasoning ?? '') + seal.open(item.encrypted_content);
        break;
      case 'function_call':
      case 'custom_tool_call': {
        const { call_id: id = '', arguments: json, input } = item;
        const name = shownName(item);
        names.set(id, name);
        const call = toToolCall({ id, name, arguments: json ?? JSON.stringify({ input }) }, 0);
        said().toolCalls = [...(said().toolCalls ?? []), call];
        break;
      }
      case 'function_call_output':
      case 'custom_tool_call_output': {
        const { call_id: toolCallId = '', output } = item;
        turn = undefined;
        messages.push({
          role: 'tool',
          toolCallId,
          name: names.get(toolCallId) ?? '',
          content: resultOf(output),
        });
        break;
      }
      case 'additional_tools':
        break; // see broughtTools()
      default:
        told.ignored.push(`${field} (${item.type})`);
    }
    for (let added = first; added < messages.length; added++) told.fields.push(field);
  }
  return messages;
}

const callsOf = (message: ChatMessage): readonly ToolCall[] =>
  message.role === 'assistant' ? (message.toolCalls ?? []) : [];
