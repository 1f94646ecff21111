import { BanyanError } from '../kit/errors.js';
import { readFields, reading, readList } from '../kit/read-options.js';
import { type ChatMessage, checkMessages } from './chat-message.js';
import { readCacheHint } from './marks/cache-hint.js';
import type { Prompt } from './prompt.js';

/** Messages and calls: more are a mistake, and each costs the caller's thread and the chat template time. */
const MOST_ITEMS = 32_768;

/** Characters of a call's arguments, which are parsed in one go. */
const MOST_ARGUMENTS = 2 ** 20;

/**
 * A copy of what a caller wants to be answered. Half a surrogate pair, as of a text that was cut inside an emoji, becomes
 * U+FFFD. What is no prompt at all is left as it is, for those who check it. Throws INVALID_MESSAGES, INVALID_OPTION.
 */
export function readPrompt(prompt: Prompt): Prompt {
  if (typeof prompt === 'string') return prompt.toWellFormed();
  return reading('prompt', () => {
    if (prompt instanceof Int32Array) return new Int32Array(prompt);
    if (!Array.isArray(prompt)) return prompt;
    const items = readList<unknown>('prompt', prompt);
    return typeof items[0] === 'number' ? (items as number[]) : readMessages(items as ChatMessage[]);
  });
}

/** A checked copy of messages; a text is a user's. Throws INVALID_MESSAGES. */
export function readMessages(said: string | ChatMessage | readonly ChatMessage[]): ChatMessage[] {
  if (typeof said === 'string') return [{ role: 'user', content: said.toWellFormed() }];
  const list = reading('messages', () => (Array.isArray(said) ? readList<unknown>('messages', said) : [said]));
  let left = MOST_ITEMS;
  const spend = (items: number) => {
    left -= items;
    if (left < 0) throw invalid('messages', `have more than ${MOST_ITEMS} messages and calls`);
  };
  spend(list.length);
  const messages = list.map((message, index) => readMessage(`messages[${index}]`, message, spend)) as ChatMessage[];
  reading('messages', () => checkMessages(messages));
  messages.forEach((message, index) => {
    if (message.role === 'tool' || message.role === 'assistant') checkNames(`messages[${index}]`, message);
  });
  return messages;
}

/** Any message: what it is, is checked when it has been read. */
interface Fields {
  role?: unknown;
  content?: unknown;
  reasoning?: unknown;
  toolCalls?: unknown;
  toolCallId?: unknown;
  name?: unknown;
  cache?: unknown;
}

const MESSAGE_FIELDS = ['role', 'content', 'reasoning', 'toolCalls', 'toolCallId', 'name', 'cache'] as const;
const CALL_FIELDS = ['id', 'name', 'arguments', 'input'] as const;

/** `spend` is told how many calls it has, before they are read. */
function readMessage(at: string, message: unknown, spend: (calls: number) => void): unknown {
  if (typeof message !== 'object' || message === null) return message;
  const copy = readFields<Fields>(at, message, MESSAGE_FIELDS);
  copy.content = wellFormed(copy.content);
  if (copy.cache !== undefined) copy.cache = readCacheHint(`${at}.cache`, copy.cache);
  if (copy.reasoning !== undefined) copy.reasoning = wellFormed(copy.reasoning);
  const { toolCalls } = copy;
  if (toolCalls === undefined) return copy;
  const calls = `${at}.toolCalls`;
  if (reading(calls, () => Array.isArray(toolCalls))) {
    const list = readList<unknown>(calls, toolCalls as unknown[]);
    spend(list.length);
    copy.toolCalls = list.map((call, i) => readCall(`${calls}[${i}]`, call));
  }
  return copy;
}

function readCall(at: string, call: unknown): unknown {
  if (typeof call !== 'object' || call === null) return call;
  const copy = readFields<{ id?: unknown; name?: unknown; arguments?: unknown; input?: unknown }>(
    at,
    call,
    CALL_FIELDS,
  );
  if (typeof copy.arguments === 'string' && copy.arguments.length > MOST_ARGUMENTS) {
    const problem = `have ${copy.arguments.length} characters, more than ${MOST_ARGUMENTS}`;
    throw invalid(`${at}.arguments`, problem);
  }
  copy.arguments = wellFormed(copy.arguments);
  return copy;
}

function wellFormed(text: unknown): unknown {
  return typeof text === 'string' ? text.toWellFormed() : text;
}

/** Names tie calls to tools and results to calls: of two that differ in UTF-16 none may become the other. */
function checkNames(at: string, message: ChatMessage): void {
  if (message.role === 'tool') {
    checkName(`${at}.toolCallId`, message.toolCallId);
    if (message.name !== undefined) checkName(`${at}.name`, message.name);
  }
  if (message.role !== 'assistant') return;
  if (message.reasoning !== undefined && typeof message.reasoning !== 'string')
    throw invalid(`${at}.reasoning`, 'must be a string');
  message.toolCalls?.forEach(({ id, name }, index) => {
    checkName(`${at}.toolCalls[${index}].id`, id);
    checkName(`${at}.toolCalls[${index}].name`, name);
  });
}

function checkName(field: string, name: unknown): void {
  if (typeof name !== 'string') throw invalid(field, 'must be a string');
  if (!name.isWellFormed()) throw invalid(field, 'must have no half of a surrogate pair');
}

function invalid(field: string, problem: string): BanyanError {
  return new BanyanError('INVALID_MESSAGES', `${field} ${problem}`, { field });
}
