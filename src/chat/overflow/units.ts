import type { ChatMessage } from '../chat-message.js';
import { callsOf } from '../conversation.js';
import { isSummary } from './summary.js';

/*
 * What a conversation may forget. A unit is a user's message, or an assistant's turn with its calls and all their results;
 * whole units go, the oldest first, so no call loses its result:
 *
 *   [system] [user] [answer] [user] [calls + results] [answer] [user: the last] [calls + results] [calls + results: the last]
 *    stays    ----------------- may be forgotten -------------   stays            may be forgotten   stays
 */

/** Turns of a conversation as positions in it; instructions at its beginning are of none. */
export function unitsOf(messages: readonly ChatMessage[]): number[][] {
  const head = messages.findIndex(({ role }) => role !== 'system');
  const units: number[][] = [];
  for (let at = Math.max(0, head); at < messages.length; at++) {
    if (messages[at]?.role === 'tool') units.at(-1)?.push(at);
    else units.push([at]);
  }
  return units;
}

/** The oldest units that may go. `said`: what comes now, all of it stays, and so do the `first` units. */
export function forgettable(messages: readonly ChatMessage[], said: readonly ChatMessage[], first: number): number[][] {
  const units = unitsOf(messages);
  const begin = (unit: readonly number[]) => messages[unit[0] as number] as ChatMessage;
  const asks = (unit: readonly number[]) => begin(unit).role === 'user' && !isSummary(begin(unit));
  const kept = new Set([
    ...units.slice(0, first),
    units.at(-1),
    units.findLast(asks),
    said.some(({ role }) => role === 'tool') ? units.findLast((unit) => callsOf(begin(unit)).length > 0) : undefined,
  ]);
  const now = new Set(said);
  return units.filter((unit) => !kept.has(unit) && !now.has(begin(unit)));
}

/** `messages` without the first `count` of `units`. */
export function without(messages: readonly ChatMessage[], units: readonly number[][], count: number): ChatMessage[] {
  const gone = new Set(units.slice(0, count).flat());
  return messages.filter((_, index) => !gone.has(index));
}

/**
 * How many units may be forgotten together, ascending: what stays begins with a user's message, or nothing more can go.
 * Templates want it, and an answer without its question says little.
 */
export function cutsOf(messages: readonly ChatMessage[], units: readonly number[][]): number[] {
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

/** Cuts that leave no more than the `last` units of those that may go, and at least one cut. */
export function cutsToWindow(messages: readonly ChatMessage[], units: readonly number[][], last: number): number[] {
  const window = new Set(
    unitsOf(messages)
      .slice(-last)
      .map(([begin]) => begin),
  );
  const outside = units.filter(([begin]) => !window.has(begin)).length;
  const cuts = cutsOf(messages, units);
  const deep = cuts.filter((count) => count >= outside);
  return deep.length > 0 ? deep : cuts.slice(-1);
}
