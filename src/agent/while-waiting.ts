import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import type { ToolMessage } from '../chat/chat-message.js';
import type { HostSession, HostTurn } from './host.js';
import { type ToolOutcome, toToolMessage } from './tool-runner.js';

/**
 * Tells a session how its next turn begins while tools run: at once, and again when the first of those that were awaited has
 * its result. What of the prompt depends on no open call is then computed before it is sent. Nothing is told of tools that
 * answer within a turn of the event loop: rendering would cost more than it saves. Never rejects.
 *
 *     calls   a ---------> result        prompt   [history][result a|            told while b runs
 *             b ------------------->              [history][result a][result b]  sent
 */
export async function tellWhileWaiting(
  session: HostSession,
  program: HostTurn['program'],
  outcomes: readonly Promise<ToolOutcome>[],
): Promise<void> {
  const known: ToolMessage[] = [];
  try {
    for (const outcome of outcomes) {
      if (!(await isThere(outcome))) await session.nextPrefix?.(known.slice(), { program });
      known.push(toToolMessage(await outcome));
    }
  } catch {} // advice: the run meets by itself what is wrong
}

/** Whether it settles within a turn of the event loop. */
function isThere(outcome: Promise<unknown>): Promise<boolean> {
  return Promise.race([outcome.then(() => true), turnOfTheLoop(false)]);
}
