import type { GenerationEvent, GenerationResult } from '../../engine/generation.js';
import { AnswerReader } from '../chat/answer-reader.js';
import { parsedBody } from '../chat/wire-body.js';
import type { Exchange } from '../http/exchange.js';
import { toHttpFailure } from '../http/http-error.js';
import { CallIds, newHead, toCompletion } from './chat-answer.js';
import { toChatCall } from './chat-call.js';
import { ChatStream } from './chat-stream.js';
import { openaiError, wireName } from './error-body.js';
import { chatRequest } from './wire.js';

/** POST /v1/chat/completions, streamed or whole. What is thrown before the first byte is the app's to answer. */
export async function chatCompletions(exchange: Exchange): Promise<void> {
  const raw = await exchange.body();
  const body = parsedBody(chatRequest, raw);
  const { messages, tools, options, ignored } = toChatCall(body, raw);
  const signal = exchange.signal();
  const generation = exchange.engine.generate(messages, { ...options, ...(tools.length > 0 && { tools }), signal });
  const answer = new AnswerReader(generation);
  const head = newHead(exchange.modelName);
  const headers = ignored.length > 0 ? { 'x-banyan-ignored': ignored.join(', ') } : {};
  if (!body.stream) {
    const result = await answer.whole();
    exchange.json(200, toCompletion(head, result, answer.reasoningTokens, new CallIds()), headers);
    return;
  }
  await answer.began(exchange.keepAliveMs); // until then a failure still has a status of its own
  const sse = exchange.sse(headers, () => ': ping\n\n');
  const stream = new ChatStream(head, sse, body.stream_options?.include_usage === true);
  try {
    for await (const event of answer) stream.event(event as GenerationEvent);
    stream.end((await generation) as GenerationResult, answer.reasoningTokens);
  } catch (reason) {
    stream.fail(openaiError(toHttpFailure(reason, wireName)));
  }
}
