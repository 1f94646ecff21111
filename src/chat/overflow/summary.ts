import type { ChatMessage } from '../chat-message.js';
import type { Overflow } from './overflow-options.js';

/** How a summary begins in the conversation: it is a message of the user, which every template has a place for. */
export const SUMMARY_MARK = '[Summary of the conversation so far]';

/** A later summary may take its place; a question of the user may not be forgotten before it. */
export function isSummary({ role, content }: ChatMessage): boolean {
  return role === 'user' && content.startsWith(SUMMARY_MARK);
}

/** `kept`: what is left of a conversation whose oldest `units` went; the summary stands where they began. */
export function withSummary(kept: readonly ChatMessage[], units: readonly number[][], text: string): ChatMessage[] {
  const at = units[0]?.[0] ?? kept.length;
  return [...kept.slice(0, at), { role: 'user', content: `${SUMMARY_MARK}\n${text}` }, ...kept.slice(at)];
}

/** Tokens that a summary may have. */
export function summaryRoom({ summaryTokens }: Pick<Overflow, 'summaryTokens'>, maxContext: number): number {
  return Math.min(summaryTokens ?? Math.min(1_024, Math.ceil(maxContext / 8)), Math.ceil(maxContext / 4));
}
