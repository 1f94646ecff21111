import { hasCode } from '../../kit/errors.js';
import type { RenderedChat } from '../../native/binding.js';
import type { ChatMessage } from '../chat-message.js';
import type { Summary } from './context-change.js';
import { countCut, withShortResults } from './old-results.js';
import type { Overflow } from './overflow-options.js';
import { summaryRoom, withSummary } from './summary.js';
import { cutsOf, cutsToWindow, forgettable, without } from './units.js';

/*
 * A conversation that no longer fits, made to fit: old results are cut, then the oldest units forgotten, or a summary put in
 * their place. To trim a little at each turn would compute the whole prompt anew each time, so half the context is made free.
 */

/**
 * Tokens that a prompt leaves for its answer before anything is forgotten. `maxTokens`: what the caller allows, or -1; 0 leaves
 * what -1 does, as it warms the cache for a question that is asked later.
 */
export function roomToAnswer(maxContext: number, maxTokens: number): number {
  const known = maxTokens > 0 && maxTokens < maxContext;
  return known ? Math.min(maxTokens, Math.ceil(maxContext / 4)) : Math.ceil(maxContext / 8);
}

export interface FittingChat {
  /** Of `toConversation`. */
  messages: readonly ChatMessage[];
  /** What comes now: all of it stays. */
  said: readonly ChatMessage[];
  overflow: Overflow;
  maxContext: number;
  /** Tokens of a prompt that leaves room for its answer. */
  most: number;
  render: (kept: readonly ChatMessage[]) => Promise<RenderedChat>;
  /** Has the model write a summary; undefined: none is to be written. */
  summarise: (() => Promise<Summary>) | undefined;
}

export interface FittedChat {
  chat: RenderedChat;
  messages: ChatMessage[];
  dropped: number;
  shortened: number;
  summary: Summary | undefined;
}

/** The prompt of a conversation that forgot as little as makes it fit. Undefined when all that may go is not enough. */
export async function fitHistory(asked: FittingChat): Promise<FittedChat | undefined> {
  const { said, overflow, maxContext, most, render, summarise } = asked;
  const half = Math.floor(maxContext / 2);
  const { messages, shortened } = withShortResults(asked.messages, overflow);
  if (shortened > 0) {
    const chat = await unlessTooLong(() => render(messages));
    const enough = overflow.how === 'results' ? maxContext - 1 : Math.floor((half + most) / 2);
    if (chat && chat.tokens.length <= enough) return { chat, messages, dropped: 0, shortened, summary: undefined };
  }
  if (overflow.how === 'results') return undefined;
  const units = forgettable(messages, said, overflow.first);
  const cuts = overflow.how === 'trim' ? cutsOf(messages, units) : cutsToWindow(messages, units, overflow.last);
  const kept = (count: number) => without(messages, units, count);
  const cutBy = (goals: readonly number[], shape: (left: ChatMessage[]) => ChatMessage[]) =>
    fewest(cuts, goals, (count) => render(shape(kept(count))));
  const result = (count: number, left: ChatMessage[], chat: RenderedChat, summary: Summary | undefined): FittedChat => {
    const dropped = messages.length - kept(count).length;
    return { chat, messages: left, dropped, shortened: countCut(asked.messages, left), summary };
  };
  if (overflow.how === 'compact' && summarise) {
    const room = summaryRoom(overflow, maxContext);
    const found = await cutBy([half - room, most - room], (left) => withSummary(left, units, ''));
    const summary = found && (await summarise());
    if (found && summary && summary.text !== '') {
      const left = withSummary(kept(found.count), units, summary.text);
      const chat = await unlessTooLong(() => render(left));
      if (chat && chat.tokens.length < maxContext) return result(found.count, left, chat, summary);
    }
  }
  const found = await cutBy([half, most, maxContext - 1], (left) => left);
  return found && result(found.count, kept(found.count), found.chat, undefined);
}

/** The smallest of `counts` whose rendering is no longer than the first of `goals` (tokens), or else than the next. */
async function fewest(
  counts: readonly number[],
  goals: readonly number[],
  render: (count: number) => Promise<RenderedChat>,
): Promise<{ count: number; chat: RenderedChat } | undefined> {
  const known = new Map<number, RenderedChat | undefined>();
  const rendered = async (count: number) => {
    if (!known.has(count)) known.set(count, await unlessTooLong(() => render(count)));
    return known.get(count);
  };
  for (const goal of goals) {
    const fits = async (count: number) => ((await rendered(count))?.tokens.length ?? Number.POSITIVE_INFINITY) <= goal;
    const count = await firstThat(counts, fits);
    const chat = count === undefined ? undefined : await rendered(count);
    if (count !== undefined && chat) return { count, chat };
  }
  return undefined;
}

/** Undefined for PROMPT_TOO_LONG. */
export async function unlessTooLong<Value>(action: () => Promise<Value>): Promise<Value | undefined> {
  try {
    return await action();
  } catch (reason) {
    if (!hasCode(reason, 'PROMPT_TOO_LONG')) throw reason;
    return undefined;
  }
}

/**
 * The first of `items` that holds, where all behind it hold too; undefined when none does. It is looked for from the end,
 * in steps that double: there the conversations are short.
 */
async function firstThat(items: readonly number[], holds: (item: number) => Promise<boolean>) {
  let [low, high] = [0, items.length];
  for (let step = 1; high > 0; step *= 2) {
    const before = Math.max(0, items.length - step);
    if (await holds(items[before] as number)) high = before;
    else {
      low = before + 1;
      break;
    }
  }
  while (low < high) {
    const middle = (low + high) >> 1;
    if (await holds(items[middle] as number)) high = middle;
    else low = middle + 1;
  }
  return items[low];
}
