import type { ChatInput } from '../../native/binding.js';
import type { ChatTurn } from './chat-model.js';
import type { Kept } from './kept.js';

/** A message as it comes from chat/: OpenAI's shape. */
interface Said {
  role: ChatTurn['role'];
  content: string;
  reasoning_content?: string;
  tool_calls?: { id: string; function: { name: string; arguments: string } }[];
  tool_call_id?: string;
  name?: string;
}

/** Anthropic caches up to a mark: here of the instructions, which many conversations share, and of the whole. Other providers pass over it. */
const CACHED = { anthropic: { cacheControl: { type: 'ephemeral' } } };

/** A conversation as the AI SDK has it. `kept`: what providers want to have back with what they said. */
export function toPrompt(messages: ChatInput['messages'], kept: Kept): ChatTurn[] {
  const prompt: ChatTurn[] = [];
  for (const message of saidOf(messages)) {
    const [last, next] = [prompt.at(-1), toTurn(message, kept)];
    if (next.role === 'tool' && last?.role === 'tool') last.content.push(...next.content);
    else prompt.push(next);
  }
  // The next turn begins with all of this one; and there are few marks.
  const instructions = prompt.findIndex(({ role }) => role !== 'system') - 1;
  for (const turn of [prompt[instructions], prompt.at(-1)]) if (turn) turn.providerOptions = CACHED;
  return prompt;
}

function saidOf(messages: ChatInput['messages']): Said[] {
  const list: unknown = messages instanceof Uint8Array ? JSON.parse(Buffer.from(messages).toString('utf8')) : messages;
  return list as Said[];
}

function toTurn(message: Said, kept: Kept): ChatTurn {
  const { role, content } = message;
  if (role === 'system') return { role, content };
  if (role === 'user') return { role, content: [{ type: 'text', text: content }] };
  if (role === 'tool') {
    const { tool_call_id: toolCallId = '', name: toolName = '' } = message;
    return { role, content: [{ type: 'tool-result', toolCallId, toolName, output: { type: 'text', value: content } }] };
  }
  const { reasoning_content: reasoning = '', tool_calls: calls = [] } = message;
  const ids = calls.map(({ id }) => id);
  const parts = kept.of({ content, reasoning, ids }) ?? [
    ...(reasoning === '' ? [] : [{ type: 'reasoning' as const, text: reasoning }]),
    ...(content === '' ? [] : [{ type: 'text' as const, text: content }]),
    ...calls.map(({ id, function: { name, arguments: json } }) => {
      return { type: 'tool-call' as const, toolCallId: id, toolName: name, input: inputOf(json) };
    }),
  ];
  return { role, content: parts };
}

/** Arguments of a call: what is no JSON was refused as a call before, and goes back as the text that it is. */
function inputOf(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return json;
  }
}
