import type { ChatInput, NativeMessage, NativeToolCall } from '../../src/native/binding.js';

// The tokenizer, chat template and output parser of the scripted engine: as simple as they can be and still be real.
// A control token is one token; every other character is one token, its code point + 100.

const CONTROL = ['<s>', '<|system|>', '<|user|>', '<|assistant|>', '<|tool|>', '<|end|>'];
const CONTROL_PATTERN = /(<s>|<\|(?:system|user|assistant|tool|end)\|>)/;

export function encode(text: string): number[] {
  return text.split(CONTROL_PATTERN).flatMap((part) => {
    const control = CONTROL.indexOf(part);
    return control >= 0 ? [control] : Array.from(part, (character) => (character.codePointAt(0) ?? 0) + 100);
  });
}

export function decode(tokens: Iterable<number>, special: boolean): string {
  return Array.from(tokens, (token) =>
    token < 100 ? (special ? (CONTROL[token] ?? '') : '') : String.fromCodePoint(token - 100),
  ).join('');
}

interface TemplateMessage {
  role: string;
  content: string;
  tool_calls?: { id: string; function: { name: string; arguments: string } }[];
}

/** <s><|system|>... <|user|>...<|end|>\n<|assistant|>: tools are listed before the first message. */
export function renderTemplate(input: ChatInput): string {
  const tools = input.tools.length > 0 ? `<|system|>tools ${JSON.stringify(input.tools)}<|end|>\n` : '';
  const turns = (input.messages as TemplateMessage[]).map(({ role, content, tool_calls: calls = [] }) => {
    const written = calls.map(({ id, function: call }) => callText(id, call.name, call.arguments)).join('');
    return `<|${role}|>${content}${written}<|end|>\n`;
  });
  return `<s>${tools}${turns.join('')}${input.addGenerationPrompt ? '<|assistant|>' : ''}`;
}

/** How the scripted model writes a tool call. */
export function callText(id: string, name: string, json: string): string {
  return `[call ${id} ${name} ${json}]`;
}

const CALL = /\[call (\S*) (\S+) (\{.*?\})\]/g;

/** The call at the end that is not closed, as far as it goes; undefined: there is none, or its arguments have not begun. */
export function openCall(text: string): NativeToolCall | undefined {
  const open = /\[call (\S*) (\S+) (\{[^[\]]*)$/.exec(text.replaceAll(CALL, ''));
  return open ? { id: open[1] ?? '', name: open[2] ?? '', arguments: open[3] ?? '' } : undefined;
}

/** Text in (parentheses) at the start is reasoning; an open call at the end is held back. */
export function parseOutput(text: string): NativeMessage {
  const reasoning = /^\(([^)]*)\)?/.exec(text);
  const calls = [...text.matchAll(CALL)].map(([, id = '', name = '', json = '']) => ({ id, name, arguments: json }));
  const content = text
    .slice(reasoning?.[0].length ?? 0)
    .replaceAll(CALL, '')
    .replace(/\[call.*$/, '');
  return { content, reasoning: reasoning?.[1] ?? '', toolCalls: calls };
}
