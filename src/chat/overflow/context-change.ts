import { invalidOption } from '../../kit/option-checks.js';
import type { CallUsage } from '../../native/reports/usage.js';
import type { ChatMessage } from '../chat-message.js';
import { countCut, withShortResults } from './old-results.js';
import type { Overflow } from './overflow-options.js';
import { withSummary } from './summary.js';
import { forgettable, without } from './units.js';

/** A text of the model that stands for what a conversation forgot. */
export interface Summary {
  /** What the model wrote. */
  readonly text: string;
  /** Messages, the oldest, that it was written without: they had no room in its own prompt. */
  readonly unseen: number;
  /** What it cost. */
  readonly usage: Pick<CallUsage, 'promptTokens' | 'cachedTokens' | 'computedTokens' | 'outputTokens' | 'queueMs'>;
}

/** What a conversation lost to make room for a turn, and what it has instead. */
export interface ContextChange {
  /** Messages that are gone. */
  readonly dropped: number;
  /** Results of tools, of those that stay, that were cut. */
  readonly shortened: number;
  /** What stands for the messages that are gone; undefined: nothing. */
  readonly summary: Summary | undefined;
  /** Tokens of the conversation as it was, without what comes now. */
  readonly before: number;
  /** Tokens of the prompt that took its place. */
  readonly after: number;
}

/** What is done to the messages, without sizes. */
export type Lost = Pick<ContextChange, 'dropped' | 'shortened'> & { summary: Pick<Summary, 'text'> | undefined };

/** The messages after a change that is known. Throws INVALID_OPTION when it cannot have been this one. */
export function afterChange(
  messages: readonly ChatMessage[],
  said: readonly ChatMessage[],
  { dropped, shortened, summary }: Lost,
  overflow: Overflow,
): ChatMessage[] {
  const cut = shortened > 0 ? withShortResults(messages, overflow).messages : [...messages];
  const units = forgettable(cut, said, overflow.first);
  let [count, rest] = [0, dropped];
  while (rest > 0 && count < units.length) rest -= units[count++]?.length ?? 0;
  if (rest !== 0) throw invalidOption('turn.dropped', 'the messages of whole units that the session has', dropped);
  const kept = without(cut, units, count);
  if (countCut(messages, kept) !== shortened) {
    throw invalidOption('turn.shortened', 'how many results of the session are too long', shortened);
  }
  return dropped > 0 && summary ? withSummary(kept, units, summary.text) : kept;
}
