import type { CacheReport } from '../../stateless/cache/cache-report.js';
import type { ChatCall } from '../../stateless/chat-call.js';
import type { PendingAnswer } from '../../stateless/pending-answer.js';
import type { Exchange } from '../http/exchange.js';
import { listed } from '../http/listed-header.js';
import { cacheHeader } from './cache-header.js';
import { runNameOf } from './run-names.js';

/** A question under way. */
export interface Asked {
  answer: PendingAnswer;
  /** What the cache did for it, when it has ended. */
  cache: Promise<CacheReport>;
  /** Headers of a stream that begins: what was made of the request, and how far its prompt was cached when it arrived. */
  begun(): Promise<Record<string, string>>;
  /** Headers of a whole answer. */
  ended(): Promise<Record<string, string>>;
}

/** What a face says of a question beside the call itself. */
export interface AskOptions {
  /** The body's name of the agent run, where its headers have none. */
  cacheKey?: string | null | undefined;
  /** Id of the answer. */
  id?: string | undefined;
  /** Id of the answer to the question that this one is compared with. */
  previous?: string | null | undefined;
}

/**
 * Puts a question to the engine, as part of the agent run that the client names, else of the one that the conversation belongs
 * to. Ends with the client's connection.
 */
export function ask(exchange: Exchange, call: ChatCall, { cacheKey, id, previous }: AskOptions): Asked {
  const { callers, places, requestId: label, ttftLimitMs } = exchange;
  const run = runNameOf(exchange.headers, cacheKey);
  places.check(1);
  const asking = { run, label, ttftLimitMs, signal: exchange.signal(), id, previous: previous ?? undefined };
  const { answer, changes, arrival, cache } = callers.ask(call, asking);
  places.hold(answer.result);
  const fixed = {
    ...listed('x-banyan-ignored', call.ignored),
    ...listed(
      'x-banyan-normalized',
      changes.map(({ what }) => what),
    ),
  };
  return {
    answer,
    cache,
    begun: async () => {
      const found = await arrival.catch(() => undefined); // the answer tells what failed
      return { ...fixed, ...(found && cacheHeader(found, call.fields)) };
    },
    ended: async () => ({ ...fixed, ...cacheHeader(await cache, call.fields) }),
  };
}
