import { leadingInstructions } from '../stateless/cache/leading-instructions.js';
import { type Call, type CallShape, type Part, toPart } from './call.js';

/** An object of JSON. */
export type Fields = Readonly<Record<string, unknown>>;

export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What of a body a chat template may show beside messages and tools. */
const SHOWN = [
  ...['response_format', 'reasoning_effort', 'chat_template_kwargs'],
  ...['thinking', 'output_format', 'output_config', 'schema'],
];

/** Fields under which loggers and batch files keep the body of a request. */
const BODIES = ['body', 'request', 'params'];
const CONVERSATIONS = ['conversation', 'conversation_id', 'session', 'session_id', 'thread_id', 'run'];

/**
 * A line of a log as a call: the body of a request of OpenAI's chat completions or Anthropic's messages, or an object that has
 * it in `body`, `request` or `params`. A text says what is wrong with it.
 */
export function toCall(line: unknown, position: number): Call | string {
  if (!isFields(line)) return 'no JSON object';
  const envelope = BODIES.find((name) => isFields(line[name]) && isFields(line[name]) && 'messages' in line[name]);
  const body = envelope === undefined ? line : (line[envelope] as Fields);
  const { messages } = body;
  if (!Array.isArray(messages)) {
    const input = 'input' in body ? ' (a body of the responses API has `input`: log chat or messages bodies)' : '';
    return `no \`messages\` in it, nor in ${BODIES.join(', ')}${input}`;
  }
  const wrong = messages.findIndex((message) => !isFields(message) || typeof message.role !== 'string');
  if (wrong >= 0) return `messages[${wrong}] has no \`role\``;
  if (body.tools !== undefined && body.tools !== null && !Array.isArray(body.tools)) return '`tools` is no list';
  const shape = shapeOf(body, messages);
  const named = (names: readonly string[]) => {
    const of = [line, body].flatMap((fields) => names.map((name) => fields[name]));
    return of.find((value) => typeof value === 'string' && value !== '') as string | undefined;
  };
  return {
    position,
    shape,
    conversation: named(CONVERSATIONS),
    model: named(['model']) ?? '',
    tenant: named(['tenant']) ?? '',
    settings: Object.fromEntries(SHOWN.filter((name) => body[name] != null).map((name) => [name, body[name]])),
    parts: toParts(body, messages),
  };
}

function shapeOf(body: Fields, messages: readonly Fields[]): CallShape {
  const blocks = messages.flatMap(({ content }) => (Array.isArray(content) ? content.filter(isFields) : []));
  const tools = (Array.isArray(body.tools) ? body.tools : []).filter(isFields);
  const anthropic =
    body.system != null ||
    tools.some((tool) => 'input_schema' in tool) ||
    blocks.some(({ type }) => type === 'tool_use' || type === 'tool_result' || type === 'thinking');
  return anthropic ? 'anthropic' : 'openai';
}

/** Parts in the order of a prompt. */
export function toParts(body: Fields, messages: readonly Fields[]): Part[] {
  const tools = Array.isArray(body.tools) ? (body.tools as unknown[]) : [];
  const leading = leadingInstructions(messages);
  return [
    ...tools.map((tool, index) => toPart(`tools[${index}]`, 'tools', nameOf(tool), tool)),
    ...(body.system == null ? [] : [toPart('system', 'system', 'system', body.system)]),
    ...messages.map((message, index) => {
      const section = index < leading ? 'system' : 'messages';
      return toPart(`messages[${index}]`, section, String(message.role), message);
    }),
  ];
}

function nameOf(tool: unknown): string {
  const { name, function: called } = Object(tool) as { name?: unknown; function?: { name?: unknown } };
  return String(name ?? called?.name ?? '');
}

/** The body that these parts make, in the words of the call. */
export function toBody({ shape, settings }: Pick<Call, 'shape' | 'settings'>, parts: readonly Part[]): Fields {
  const tools = parts.filter(({ section }) => section === 'tools').map(({ value }) => value);
  const system = parts.find(({ field }) => field === 'system');
  const messages = parts.filter((part) => part.section !== 'tools' && part !== system).map(({ value }) => value);
  return {
    ...settings,
    messages,
    ...(tools.length > 0 && { tools }),
    ...(shape === 'anthropic' && system && { system: system.value }),
  };
}
