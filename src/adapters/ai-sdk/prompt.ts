import type { ChatMessage, ToolCall } from '../../chat/chat-message.js';
import { toToolCall } from '../../chat/chat-message.js';
import { canonicalJson } from '../../kit/canonical-json.js';
import { BanyanError } from '../../kit/errors.js';
import { omitted } from '../../stateless/omitted.js';
import type { Signatures } from '../../stateless/signature.js';
import type { Message, Part } from './specification.js';

/** A conversation of the AI SDK as the engine's messages. Throws INVALID_MESSAGES for what is no text. */
export function toMessages(prompt: readonly Message[], signatures: Signatures): ChatMessage[] {
  return prompt.flatMap(({ role, content }, index): ChatMessage[] => {
    const field = `prompt[${index}].content`;
    if (typeof content === 'string') return [{ role: role === 'system' ? role : 'user', content }];
    const results = content.filter(({ type }) => type === 'tool-result').map(toResult);
    if (role === 'tool') return results;
    const text = content.map((part, at) => textOf(part, `${field}[${at}]`)).join('');
    if (role !== 'assistant') return [{ role, content: text }];
    const reasoning = content
      .filter((part) => part.type === 'reasoning' && isOurs(part, signatures))
      .map((part) => part.text ?? '')
      .join('');
    const toolCalls = content.filter(({ type }) => type === 'tool-call').map(toCall);
    return [{ role, content: text, reasoning: reasoning || undefined, toolCalls }, ...results];
  });
}

/** Parts that are no text of the message, but told otherwise or not at all. */
const ELSEWHERE = ['reasoning', 'tool-call', 'tool-result', 'custom', 'reasoning-file'];

function textOf(part: Part, field: string): string {
  if (part.type === 'text') return part.text ?? '';
  if (ELSEWHERE.includes(part.type)) return '';
  const text = part.type === 'file' && part.mediaType?.startsWith('text/') ? textFile(part.data) : undefined;
  if (text !== undefined) return text;
  const what = part.mediaType ?? part.type;
  throw new BanyanError('INVALID_MESSAGES', `This model reads text only, no ${what}`, { field });
}

/** The text of a file of text; undefined: it is somewhere else. */
function textFile(given: unknown): string | undefined {
  const { type, data, text } = Object(given) as { type?: unknown; data?: unknown; text?: unknown };
  if (type === 'text' && typeof text === 'string') return text;
  const bytes = type === 'data' ? data : given;
  if (typeof bytes === 'string') return Buffer.from(bytes, 'base64').toString();
  return bytes instanceof Uint8Array ? Buffer.from(bytes).toString() : undefined;
}

/** Reasoning of other models is theirs: this one would take it for its own. */
function isOurs({ text = '', providerOptions }: Part, signatures: Signatures): boolean {
  const signature = providerOptions?.banyan?.signature;
  return typeof signature === 'string' && signatures.isOurs(text, signature);
}

function toCall({ toolCallId = '', toolName = '', input }: Part, index: number): ToolCall {
  const json = typeof input === 'string' ? input : (JSON.stringify(input) ?? '{}');
  return toToolCall({ id: toolCallId, name: toolName, arguments: json }, index);
}

function toResult({ toolCallId = '', toolName: name = '', output }: Part): ChatMessage {
  return { role: 'tool', toolCallId, name, content: resultOf(output) };
}

/** What the model reads of a tool's result: equal results give equal text. What is no text is named in its place. */
function resultOf(output: unknown): string {
  const { type, value, reason } = Object(output) as { type?: unknown; value?: unknown; reason?: unknown };
  if (type === 'text') return String(value);
  if (type === 'error-text' || type === 'error-json') return canonicalJson({ error: value });
  if (type === 'execution-denied') {
    return canonicalJson({ error: `the user did not allow this call${reason ? `: ${String(reason)}` : ''}` });
  }
  if (type !== 'content' || !Array.isArray(value)) return canonicalJson(value);
  return (value as Part[]).map((part) => (part.type === 'text' ? part.text : omitted(part.type))).join('');
}
