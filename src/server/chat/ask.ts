import { nthTurn } from '../../engine/request-options.js';
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
export function ask(exchange: Exchange, call: ChatCall, options: AskOptions): Asked {
  exchange.checkPlaces(1);
  return put(exchange, call, options, exchange.signal());
}

/** Asks for several answers to one question: they share its prompt, and a seed is another one for each. */
export function askTimes(exchange: Exchange, call: ChatCall, options: AskOptions, times: number): Asked[] {
  exchange.checkPlaces(times);
  const signal = exchange.signal();
  return Array.from({ length: times }, (_, choice) =>
    put(exchange, { ...call, options: nthTurn(call.options, choice) }, options, signal),
  );
}

function put(exchange: Exchange, asked: ChatCall, options: AskOptions, signal: AbortSignal): Asked {
  const { callers, requestId: label, ttftLimitMs } = exchange;
  const { cacheKey, id, previous } = options;
  const call = { ...asked, options: exchange.withDefaults(asked.options) };
  const run = runNameOf(exchange.headers, cacheKey);
  const asking = { run, label, ttftLimitMs, signal, id, previous: previous ?? undefined };
  const { answer, changes, arrival, cache } = callers.ask(call, asking);
  exchange.hold(answer.result);
  const fixed = {
    ...exchange.ignoredHeader(call.ignored),
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
