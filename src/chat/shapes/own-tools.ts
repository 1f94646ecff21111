import { isObject } from '../../schema/json.js';
import type { AssistantMessage, ChatMessage, ToolCall } from '../chat-message.js';
import { callsOf } from '../conversation.js';
import { toTemplateArguments } from '../template-arguments.js';

/*
 * Tools, calls and results as texts, for chat templates that have no place for them. The words are those of Hermes, which most
 * open models have read: tools among the instructions, calls between tags, results said by the user. Tools stand there bare,
 * without OpenAI's wrapper: SmolLM2-135M, made to call, then took the right one of three 16 times of 16, with it 13 times.
 *
 *   [system: be brief] [user] [calls a b] [result a] [result b]
 *   [system: be brief, the tools] [user] [assistant: <tool_call>a</tool_call> ...] [user: <tool_response>1</tool_response> ...]
 *
 * native/runner/answers/plain-calls reads the calls. The texts depend on nothing but the tools and the message itself, so that
 * what is cached stays a prefix.
 */

const texts = new WeakMap<readonly unknown[], string>();

/** What the model is told of its tools (of `toTemplateTools`). */
export function toolInstructions(tools: readonly unknown[]): string {
  let text = texts.get(tools);
  if (text === undefined) {
    const shown = tools.map((tool) => spaced((tool as { function: object }).function));
    text = [...BEFORE, ...shown, ...BEHIND].join('\n');
    texts.set(tools, text);
  }
  return text;
}

const BEFORE = [
  '# Tools',
  '',
  'You may call one or more functions to assist with the user query.',
  '',
  'You are provided with function signatures within <tools></tools> XML tags:',
  '<tools>',
];
const BEHIND = [
  '</tools>',
  '',
  'For each function call, return a json object with function name and arguments within <tool_call></tool_call> XML tags:',
  '<tool_call>',
  '{"name": <function-name>, "arguments": <args-json-object>}',
  '</tool_call>',
];

/** Messages (of `toConversation`) without calls and results; the tools are told with the first instructions. */
export function withOwnTools(messages: readonly ChatMessage[], tools: readonly unknown[]): ChatMessage[] {
  const out: ChatMessage[] = [];
  const first = messages.findIndex(({ role }) => role !== 'system');
  const begin = first < 0 ? messages.length : first;
  const instructions = messages.slice(0, begin).map(({ content }) => content);
  if (tools.length > 0) instructions.push(toolInstructions(tools));
  if (instructions.length > 0) {
    out.push({ role: 'system', content: instructions.filter((text) => text !== '').join('\n\n') });
  }
  let results: string[] = [];
  const tellResults = () => {
    if (results.length > 0) out.push({ role: 'user', content: results.join('\n') });
    results = [];
  };
  for (const message of messages.slice(begin)) {
    if (message.role === 'tool') {
      results.push(`<tool_response>\n${message.content}\n</tool_response>`);
      continue;
    }
    tellResults();
    out.push(callsOf(message).length > 0 ? inTags(message) : message);
  }
  tellResults();
  return out;
}

function inTags(message: ChatMessage): ChatMessage {
  const { content: said, toolCalls, ...others } = message as AssistantMessage;
  const calls = (toolCalls ?? []).map(
    ({ name, arguments: json }: ToolCall) =>
      `<tool_call>\n{"name": ${JSON.stringify(name)}, "arguments": ${toTemplateArguments(json)}}\n</tool_call>`,
  );
  return { ...others, content: [said, ...calls].filter((text) => text !== '').join('\n') };
}

/** JSON as Python writes it, which is what models have read. The depth is bounded: schemas were compiled. */
function spaced(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(spaced).join(', ')}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const members = Object.entries(value).map(([key, one]) => `${JSON.stringify(key)}: ${spaced(one)}`);
  return `{${members.join(', ')}}`;
}
