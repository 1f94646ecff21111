import { Signatures } from '../../stateless/signature.js';
import { ask } from '../chat/ask.js';
import { parsedBody } from '../chat/wire-body.js';
import type { Exchange } from '../http/exchange.js';
import { toHttpFailure } from '../http/http-error.js';
import { anthropicError } from './error-body.js';
import { newId, toDiagnostics, toMessage } from './messages-answer.js';
import { toMessagesCall } from './messages-call.js';
import { MessagesStream } from './messages-stream.js';
import { countRequest, messagesRequest } from './wire.js';

/** POST /v1/messages/count_tokens: what the same body as a message would count as its input. */
export async function countTokens(exchange: Exchange): Promise<void> {
  const raw = await exchange.body();
  const signatures = new Signatures(exchange.engine.info.digest);
  const call = toMessagesCall(parsedBody(countRequest, raw), raw, signatures);
  exchange.json(200, { input_tokens: await exchange.callers.count(call) });
}

/** POST /v1/messages, streamed or whole. What is thrown before the first byte is the app's to answer. */
export async function messages(exchange: Exchange): Promise<void> {
  const raw = await exchange.body();
  const { engine, modelName } = exchange;
  const body = parsedBody(messagesRequest, raw);
  const signatures = new Signatures(engine.info.digest);
  const head = { id: newId('msg'), model: modelName };
  const previous = body.diagnostics?.previous_message_id;
  const asked = ask(exchange, toMessagesCall(body, raw, signatures), { id: head.id, previous });
  const { answer } = asked;
  const { anthropicRequestId: requestId } = exchange;
  if (!body.stream) {
    const result = await answer.whole();
    const cache = await asked.cache;
    const told = { ...head, diagnostics: toDiagnostics(body.diagnostics, cache) };
    const message = toMessage(told, result, signatures, cache);
    exchange.json(200, message, { 'request-id': requestId, ...(await asked.ended()) });
    return;
  }
  const inputTokens = await answer.promptTokens;
  await answer.began(exchange.keepAliveMs);
  const headers = { 'request-id': requestId, ...(await asked.begun()) };
  const sse = exchange.sse(headers, () => 'event: ping\ndata: {"type":"ping"}\n\n');
  const stream = new MessagesStream(sse, signatures, head, inputTokens);
  try {
    const result = await answer.read((event) => stream.event(event));
    const cache = await asked.cache;
    stream.end(result, cache, toDiagnostics(body.diagnostics, cache));
  } catch (reason) {
    stream.fail(anthropicError(toHttpFailure(reason), requestId));
  }
}
