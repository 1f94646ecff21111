import type { ChatMessage } from '../chat-message.js';
import type { Overflow } from './overflow-options.js';
import { unitsOf } from './units.js';

const cutMark = (kept: number, length: number) => `\n[cut: the first ${kept} of ${length} characters]`;

/** A text that is no longer than `most` with its mark, which says how much there was. */
function shortened(content: string, most: number): string {
  if (content.length <= most) return content;
  const kept = content.slice(0, most - cutMark(most, content.length).length).replace(/[\uD800-\uDBFF]$/, '');
  return kept + cutMark(kept.length, content.length);
}

/** The messages with the tool results before the last turns cut to `oldResults` characters, and how many were. */
export function withShortResults(
  messages: readonly ChatMessage[],
  { last, oldResults }: Pick<Overflow, 'last' | 'oldResults'>,
): { messages: ChatMessage[]; shortened: number } {
  const recent = unitsOf(messages).slice(-last)[0]?.[0] ?? 0;
  let count = 0;
  const cut = messages.map((message, at) => {
    if (message.role !== 'tool' || at >= recent || message.content.length <= oldResults) return message;
    count++;
    return { ...message, content: shortened(message.content, oldResults) };
  });
  return { messages: cut, shortened: count };
}

/** How many results of `left` are not as they were in `messages`. */
export function countCut(messages: readonly ChatMessage[], left: readonly ChatMessage[]): number {
  const whole = new Set(messages);
  return left.filter((message) => message.role === 'tool' && !whole.has(message)).length;
}
