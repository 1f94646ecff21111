import type { Generation } from '../../engine/generation.js';
import type { Exchange } from '../http/exchange.js';
import { AnswerReader } from './answer-reader.js';
import type { ChatCall } from './chat-call.js';
import { runNameOf } from './clients.js';

/** A question under way. */
export interface Asked {
  generation: Generation;
  answer: AnswerReader;
  /** Headers of the response that say what was made of the request. */
  headers: Record<string, string>;
}

/** Puts a question to the engine, as part of the agent run that the client names. Ends with the client's connection. */
export function ask(exchange: Exchange, call: ChatCall, cacheKey: string | null | undefined): Asked {
  const { engine, clients } = exchange;
  const name = runNameOf(exchange.headers, cacheKey);
  const { messages, tools, options, ignored } = call;
  const generation = engine.generate(messages, {
    ...options,
    ...(tools.length > 0 && { tools }),
    program: clients.begin(name),
    signal: exchange.signal(),
  });
  generation.result.then(
    (result) => clients.end(name, result),
    () => {}, // told by the one who reads the answer
  );
  const headers: Record<string, string> = ignored.length > 0 ? { 'x-banyan-ignored': ignored.join(', ') } : {};
  return { generation, answer: new AnswerReader(generation), headers };
}
