import { hasCode } from '../kit/errors.js';
import { invalidOption } from '../kit/option-checks.js';
import type { RenderedChat } from '../native/binding.js';
import type { ChatMessage } from './chat-message.js';
import { callsOf } from './conversation.js';

/*
 * What a session forgets when its conversation no longer fits. A unit is a user's message, or an assistant's turn with its
 * calls and all their results; whole units go, the oldest first:
 *
 *   [system] [user] [answer] [user] [calls + results] [answer] [user: the last] [calls + results] [calls + results: the last]
 *    stays    ----------------- may be forgotten -------------   stays            may be forgotten   stays
 *
 * What is left begins with a user's message where that is possible: templates want it, and an answer without its question
 * says little. To trim a little at each turn would compute the whole prompt anew each time, so half the context is made free.
 */

/** What to do when a conversation no longer fits the context. */
export type OnOverflow = 'error' | 'trim';

/** Tokens that a prompt leaves for its answer before anything is forgotten. `maxTokens`: what the caller allows, or 0. */
export function roomToAnswer(maxContext: number, maxTokens: number): number {
  const known = maxTokens > 0 && maxTokens < maxContext;
  return known ? Math.min(maxTokens, Math.ceil(maxContext / 4)) : Math.ceil(maxContext / 8);
}

/** The oldest units that may go, as positions in `messages`. `said`: what comes now, all of it stays. */
function forgettable(messages: readonly ChatMessage[], said: readonly ChatMessage[]): number[][] {
  const head = messages.findIndex(({ role }) => role !== 'system');
  const units: number[][] = [];
  for (let at = Math.max(0, head); at < messages.length; at++) {
    if (messages[at]?.role === 'tool') units.at(-1)?.push(at);
    else units.push([at]);
  }
  const first = (unit: readonly number[]) => messages[unit[0] as number] as ChatMessage;
  const kept = new Set([
    units.at(-1),
    units.findLast((unit) => first(unit).role === 'user'),
    said.some(({ role }) => role === 'tool') ? units.findLast((unit) => callsOf(first(unit)).length > 0) : undefined,
  ]);
  const now = new Set(said);
  return units.filter((unit) => !kept.has(unit) && !now.has(first(unit)));
}

/** `messages` without the first `count` of `units`. */
function without(messages: readonly ChatMessage[], units: readonly number[][], count: number): ChatMessage[] {
  const gone = new Set(units.slice(0, count).flat());
  return messages.filter((_, index) => !gone.has(index));
}

/** How many units may be forgotten together, ascending: what stays begins with a user's message, or nothing more can go. */
function cutsOf(messages: readonly ChatMessage[], units: readonly number[][]): number[] {
  const gone = new Set<number>();
  let begin = Math.max(
    0,
    messages.findIndex(({ role }) => role !== 'system'),
  );
  const cuts: number[] = [];
  for (const [index, unit] of units.entries()) {
    for (const at of unit) gone.add(at);
    while (gone.has(begin)) begin++;
    if (messages[begin]?.role !== 'assistant' || index === units.length - 1) cuts.push(index + 1);
  }
  return cuts;
}

export interface TrimmedChat {
  chat: RenderedChat;
  messages: ChatMessage[];
  /** How many messages were forgotten. */
  dropped: number;
}

/**
 * The prompt of a conversation (of `toConversation`) that forgot its oldest units: as few as make it no longer than the
 * first of `goals` (tokens), or else than the next. Undefined when all that may go is not enough.
 */
export async function trimmedChat(
  messages: readonly ChatMessage[],
  said: readonly ChatMessage[],
  goals: readonly number[],
  render: (kept: readonly ChatMessage[]) => Promise<RenderedChat>,
): Promise<TrimmedChat | undefined> {
  const units = forgettable(messages, said);
  const cuts = cutsOf(messages, units);
  const known = new Map<number, RenderedChat | undefined>();
  const rendered = async (count: number) => {
    if (!known.has(count)) known.set(count, await unlessTooLong(() => render(without(messages, units, count))));
    return known.get(count);
  };
  for (const goal of goals) {
    const fits = async (count: number) => ((await rendered(count))?.tokens.length ?? Number.POSITIVE_INFINITY) <= goal;
    const count = await firstThat(cuts, fits);
    const chat = count === undefined ? undefined : await rendered(count);
    if (count === undefined || !chat) continue;
    const kept = without(messages, units, count);
    return { chat, messages: kept, dropped: messages.length - kept.length };
  }
  return undefined;
}

/** The same, when it is known how many messages were forgotten. Throws INVALID_OPTION when it cannot have been so many. */
export function forget(messages: readonly ChatMessage[], said: readonly ChatMessage[], dropped: number): ChatMessage[] {
  if (dropped === 0) return [...messages];
  const units = forgettable(messages, said);
  let count = 0;
  let left = dropped;
  while (left > 0 && count < units.length) left -= units[count++]?.length ?? 0;
  if (left !== 0) throw invalidOption('turn.dropped', 'the messages of whole units that the session has', dropped);
  return without(messages, units, count);
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
