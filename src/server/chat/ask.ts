import type { ChatCall } from '../../stateless/chat-call.js';
import type { PendingAnswer } from '../../stateless/pending-answer.js';
import type { Exchange } from '../http/exchange.js';
import { listed } from '../http/listed-header.js';
import { runNameOf } from './run-names.js';

/** A question under way. */
export interface Asked {
  answer: PendingAnswer;
  /** Headers of the response that say what was made of the request. */
  headers: Record<string, string>;
}

/**
 * Puts a question to the engine, as part of the agent run that the client names, else of the one that the conversation belongs
 * to. Ends with the client's connection.
 */
export function ask(exchange: Exchange, call: ChatCall, cacheKey: string | null | undefined): Asked {
  const { callers, places, ttftLimitMs } = exchange;
  const run = runNameOf(exchange.headers, cacheKey);
  places.check(1);
  const { answer, relaxed } = callers.ask(call, { run, ttftLimitMs, signal: exchange.signal() });
  places.hold(answer.result);
  return {
    answer,
    headers: { ...listed('x-banyan-ignored', call.ignored), ...listed('x-banyan-normalized', relaxed) },
  };
}
