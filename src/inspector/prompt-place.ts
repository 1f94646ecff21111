import type { ChatMessage } from '../chat/chat-message.js';

/** Where in a conversation a prompt goes on after its first tokens. */
export interface PromptPlace {
  /** Position of the message, from 1. */
  readonly message: number;
  readonly role: ChatMessage['role'];
  /** Of the message's text, from 1; 1: also what the template writes before it (roles, tools, tool calls of the message before). */
  readonly character: number;
  /** The word that stands there, or ''. */
  readonly word: string;
}

/** Characters by which the beginning of a message is found. */
const BEGINNING = 24;
const WORD = 64;

/**
 * The place in a conversation behind `text`, which is how its prompt begins; undefined: behind its last message. A message that the template
 * changed is passed over.
 */
export function placeAfter(text: string, messages: readonly ChatMessage[]): PromptPlace | undefined {
  let end = 0;
  let next: PromptPlace | undefined;
  for (const [at, { role, content }] of messages.entries()) {
    const said = content.trim();
    if (said === '') continue;
    const from = text.indexOf(said, end);
    if (from >= 0) {
      end = from + said.length;
      next = undefined;
    } else if (!next || next.character === 1) {
      const known = begunWith(said, text, end);
      if (!next || known > 0) next = { message: at + 1, role, character: known + 1, word: wordAt(said, known) };
    }
  }
  return next;
}

/** With how many characters of `said` the text ends, from `from` on. */
function begunWith(said: string, text: string, from: number): number {
  const at = text.indexOf(said.slice(0, BEGINNING), from);
  if (at >= 0) return said.startsWith(text.slice(at)) ? text.length - at : 0;
  for (let length = Math.min(BEGINNING, said.length, text.length - from); length > 0; length--) {
    const inWord = /\w/.test(text[text.length - length - 1] ?? '');
    if (!inWord && text.endsWith(said.slice(0, length))) return length;
  }
  return 0;
}

function wordAt(text: string, at: number): string {
  const before = /\S*$/.exec(text.slice(Math.max(0, at - WORD), at))?.[0] ?? '';
  return before + (/^\S*/.exec(text.slice(at, at + WORD))?.[0] ?? '');
}
