import { totalWritten } from '../../stateless/cache/cache-report.js';
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
  const head = newHead(exchange.modelName);
  const asked = ask(exchange, toChatCall(body, raw), { cacheKey: body.prompt_cache_key, id: head.id });
  const { answer } = asked;
  if (!body.stream) {
    const result = await answer.whole();
    const written = totalWritten(await asked.cache);
    const completion = toCompletion(head, result, answer.reasoningTokens, written, new CallIds());
    exchange.json(200, completion, await asked.ended());
    return;
  }
  await answer.began(exchange.keepAliveMs); // until then a failure still has a status of its own
  const sse = exchange.sse(await asked.begun(), () => ': ping\n\n');
  const stream = new ChatStream(head, sse, body.stream_options?.include_usage === true);
  try {
    const result = await answer.read((event) => stream.event(event));
    stream.end(result, answer.reasoningTokens, totalWritten(await asked.cache));
  } catch (reason) {
    stream.fail(openaiError(toHttpFailure(reason, wireName)));
  }
}
