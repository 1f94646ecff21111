import type { AssistantMessage, ChatMessage } from '../chat-message.js';
import { callsOf } from '../conversation.js';

/*
 * A conversation in other words that mean the same, for templates that refuse the first ones. Each shape takes messages in
 * which every call has its result right behind it (conversation.ts), and gives such messages.
 */

export type Shape = (messages: readonly ChatMessage[]) => ChatMessage[];

/** Nine letters and digits: all that some templates accept as a call's id. */
export const plainIds: Shape = (messages) => {
  let next = 0;
  let waiting: string[] = [];
  let answered = 0;
  return messages.map((message) => {
    if (message.role === 'tool') return { ...message, toolCallId: waiting[answered++] ?? message.toolCallId };
    const toolCalls = callsOf(message).map((call) => ({ ...call, id: `call${String(next++).padStart(5, '0')}` }));
    waiting = toolCalls.map(({ id }) => id);
    answered = 0;
    return toolCalls.length > 0 ? { ...(message as AssistantMessage), toolCalls } : message;
  });
};

/** [calls a b] [result a] [result b]  ->  [call a] [result a] [call b] [result b] */
export const oneCallATurn: Shape = (messages) =>
  messages.flatMap((message, index): ChatMessage[] => {
    if (message.role === 'tool') return [];
    const calls = callsOf(message);
    const results = messages.slice(index + 1, index + 1 + calls.length).filter(({ role }) => role === 'tool');
    if (calls.length < 2) return [message, ...results];
    return calls.flatMap((call, at): ChatMessage[] => {
      const said = at === 0 ? message : { role: 'assistant' as const, content: '' };
      return [{ ...(said as AssistantMessage), toolCalls: [call] }, ...results.slice(at, at + 1)];
    });
  });

const NO_QUESTION: ChatMessage = { role: 'user', content: '(no message)' };
const NO_ANSWER: ChatMessage = { role: 'assistant', content: '(no answer)' };

/**
 * Instructions first, then user and assistant by turns: neighbours of one role become one message, later instructions are
 * the user's, a conversation that begins otherwise gets a user's message, one that goes on after results an answer.
 */
export const plainRoles: Shape = (messages) => {
  const out: ChatMessage[] = [];
  let texts: string[] = []; // of the last one
  for (const message of messages) {
    const last = out.at(-1);
    const late = message.role === 'system' && last !== undefined && last.role !== 'system';
    const next: ChatMessage = late ? { role: 'user', content: message.content } : message;
    if (last && last.role === next.role && next.role !== 'tool' && callsOf(last).length === 0) {
      texts.push(next.content);
      out[out.length - 1] = { ...last, ...next };
      continue;
    }
    joinTexts(out, texts);
    texts = [next.content];
    if ((last === undefined || last.role === 'system') && next.role === 'assistant') out.push(NO_QUESTION);
    if (last?.role === 'tool' && next.role === 'user') out.push(NO_ANSWER);
    out.push(next);
  }
  joinTexts(out, texts);
  if (out.at(-1)?.role === 'system') out.push(NO_QUESTION);
  return out;
};

/** Instructions as the beginning of the first question, for templates that pass over them. */
export const instructionsInQuestion: Shape = (messages) => {
  const [instructions, question, ...rest] = plainRoles(messages);
  if (instructions?.role !== 'system' || question?.role !== 'user') return [...messages];
  return [{ role: 'user', content: `${instructions.content}\n\n${question.content}` }, ...rest];
};

/** The last message says all of them: each is copied once, however many there are. */
function joinTexts(messages: ChatMessage[], texts: readonly string[]): void {
  const last = messages.at(-1);
  if (!last || texts.length < 2) return;
  messages[messages.length - 1] = { ...last, content: texts.filter((text) => text !== '').join('\n\n') };
}

/**
 * Instructions in the midst of a conversation as what the user is reminded of there, for templates that would move them to the
 * front, or drop them; those at the beginning are one message. Moved, they would rewrite the prompt from its beginning.
 */
export const lateAsReminders: Shape = (messages) => {
  const begin = messages.findIndex(({ role }) => role !== 'system');
  const leading = messages.slice(0, Math.max(begin, 0)).map(({ content }) => content);
  const opening: ChatMessage[] = leading.length > 0 ? [{ role: 'system', content: leading.join('\n\n') }] : [];
  const later = messages.slice(Math.max(begin, 0)).map((message): ChatMessage => {
    return message.role === 'system' ? { role: 'user', content: reminder(message.content) } : message;
  });
  return begin < 0 ? [...messages] : [...opening, ...later];
};

/** The tags that coding agents put around what their models are told on the way. */
export const reminder = (text: string) => `<system-reminder>\n${text}\n</system-reminder>`;

/** Calls and results in words, where a template has none for them. */
export const inWords: Shape = (messages) =>
  plainRoles(
    messages.map((message): ChatMessage => {
      if (message.role === 'tool') return { role: 'user', content: `Result of ${message.name}: ${message.content}` };
      const calls = callsOf(message);
      if (calls.length === 0) return message;
      const words = calls.map((call) => `Call of ${call.name}: ${call.arguments}`);
      return { role: 'assistant', content: [message.content, ...words].filter((text) => text !== '').join('\n') };
    }),
  );
