import type { ChatMessage } from '../../chat/chat-message.js';
import { callsOf } from '../../chat/conversation.js';
import type { Summary } from '../../chat/overflow/context-change.js';
import type { Overflow } from '../../chat/overflow/overflow-options.js';
import { summaryRoom } from '../../chat/overflow/summary.js';
import type { GenerationResult } from '../generation-events.js';
import type { TurnOptions } from '../request-options.js';

/** What the writer of a summary reads of calls whose results are not known yet. */
const LATER = 'The result comes later.';

/** A fork of the session that a summary is of; it is closed when the summary is written. */
interface Writer {
  generate(messages: readonly ChatMessage[], options: TurnOptions): PromiseLike<GenerationResult>;
  close(): Promise<void>;
}

interface Writing {
  overflow: Overflow;
  tools: readonly unknown[];
  maxContext: number;
  /** Options of its turn beside those of a summary. */
  more: TurnOptions;
}

/** A summary of all that the fork has behind it; `last`: what was said there last. Rejects as the turn does. */
export async function writtenSummary(
  fork: Writer,
  last: ChatMessage | undefined,
  { overflow, tools, maxContext, more }: Writing,
): Promise<Summary> {
  const open = last ? callsOf(last) : [];
  const later = open.map(({ id, name }): ChatMessage => ({ role: 'tool', toolCallId: id, name, content: LATER }));
  try {
    const { text, usage, context } = await fork.generate(
      [...later, { role: 'user', content: overflow.summaryPrompt }],
      {
        ...more,
        ...(tools.length > 0 && { toolChoice: 'none' }),
        ...{ temperature: 0, thinking: false, maxTokens: summaryRoom(overflow, maxContext) },
      },
    );
    const { promptTokens, cachedTokens, computedTokens, outputTokens, queueMs } = usage;
    const cost = { promptTokens, cachedTokens, computedTokens, outputTokens, queueMs };
    return { text: text.trim(), unseen: context?.dropped ?? 0, usage: cost };
  } finally {
    await fork.close();
  }
}
