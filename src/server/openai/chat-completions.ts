import { CallIds } from '../../stateless/call-ids.js';
import { ask } from '../chat/ask.js';
import { parsedBody } from '../chat/wire-body.js';
import type { Exchange } from '../http/exchange.js';
import { toHttpFailure } from '../http/http-error.js';
import { newHead, toCompletion } from './chat-answer.js';
import { ChatStream } from './chat-stream.js';
import { openaiError, wireName } from './error-body.js';
import { toChatCall } from './to-chat-call.js';
import { chatRequest } from './wire.js';

/** POST /v1/chat/completions, streamed or whole. What is thrown before the first byte is the app's to answer. */
export async function chatCompletions(exchange: Exchange): Promise<void> {
  const raw = await exchange.body();
  const body = parsedBody(chatRequest, raw);
  const { answer, headers } = ask(exchange, toChatCall(body, raw), body.prompt_cache_key);
  const head = newHead(exchange.modelName);
  if (!body.stream) {
    const result = await answer.whole();
    exchange.json(200, toCompletion(head, result, answer.reasoningTokens, new CallIds()), headers);
    return;
  }
  await answer.began(exchange.keepAliveMs); // until then a failure still has a status of its own
  const sse = exchange.sse(headers, () => ': ping\n\n');
  const stream = new ChatStream(head, sse, body.stream_options?.include_usage === true);
  try {
    const result = await answer.read((event) => stream.event(event));
    stream.end(result, answer.reasoningTokens);
  } catch (reason) {
    stream.fail(openaiError(toHttpFailure(reason, wireName)));
  }
}
