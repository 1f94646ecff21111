import type { GenerationResult } from '../../engine/generation.js';
import { totalWritten } from '../../stateless/cache/cache-report.js';
import { askTimes } from '../chat/ask.js';
import { checkBestOf } from '../chat/best-of.js';
import { together } from '../chat/together.js';
import { parsedBody } from '../chat/wire-body.js';
import type { Exchange } from '../http/exchange.js';
import { toHttpFailure } from '../http/http-error.js';
import { newHead, toCompletion, toUsage } from './chat-answer.js';
import { ChatStream, endStream } from './chat-stream.js';
import { openaiError, wireName } from './error-body.js';
import { toChatCall } from './to-chat-call.js';
import { chatRequest } from './wire.js';

/** POST /v1/chat/completions, streamed or whole. What is thrown before the first byte is the app's to answer. */
export async function chatCompletions(exchange: Exchange): Promise<void> {
  const raw = await exchange.body();
  const body = parsedBody(chatRequest, raw);
  checkBestOf(body);
  const head = newHead(exchange.modelName);
  const about = { cacheKey: body.prompt_cache_key, id: head.id };
  const choices = askTimes(exchange, toChatCall(body, raw), about, body.n ?? 1);
  const answers = choices.map(({ answer }) => answer);
  const usageOf = async (results: readonly GenerationResult[]) => {
    const written = await Promise.all(choices.map(async ({ cache }) => totalWritten(await cache)));
    return toUsage(
      results.map(({ usage }) => usage),
      Math.max(...written),
    );
  };
  if (!body.stream) {
    const results = await together(answers, (answer) => answer.whole());
    exchange.json(200, toCompletion(head, results, await usageOf(results)), await choices[0]?.ended());
    return;
  }
  await together(answers, (answer) => answer.began(exchange.keepAliveMs)); // until then a failure still has a status of its own
  const sse = exchange.sse((await choices[0]?.begun()) ?? {}, () => ': ping\n\n');
  const withUsage = body.stream_options?.include_usage === true;
  const streams = answers.map((_, index) => new ChatStream(head, sse, withUsage, index));
  try {
    const results = await together(answers, async (answer, index) => {
      const stream = streams[index] as ChatStream;
      const result = await answer.read((event) => stream.event(event));
      stream.end(result);
      return result;
    });
    endStream(sse, head, withUsage ? await usageOf(results) : undefined);
  } catch (reason) {
    sse.send({ error: openaiError(toHttpFailure(reason, wireName)) });
    sse.end();
  }
}
