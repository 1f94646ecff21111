import type { RequestEvent } from '../../backend/backend.js';
import { onAbort } from '../../kit/abort-listeners.js';
import { parsedBody } from '../chat/wire-body.js';
import type { Exchange } from '../http/exchange.js';
import type { SseWriter } from '../http/sse-writer.js';
import type { TokenDoor } from './token-door.js';
import { hintsRequest, tokenRequest } from './token-wire.js';

/**
 * POST /v1/tokens: token ids in, token ids out, a step's an event. What is refused has a status of its own; an event with `end` says
 * how the answer ended and what it cost. A client that goes cancels its request.
 */
export async function tokens(exchange: Exchange, door: TokenDoor): Promise<void> {
  const body = parsedBody(tokenRequest, await exchange.body());
  door.take(body);
  const asked = await door.request(body, exchange.requestId);
  exchange.checkPlaces(1);
  const ended = answer(exchange, door, { ...asked, progress: true });
  exchange.hold(ended);
  await ended;
}

async function answer(
  exchange: Exchange,
  { backend }: TokenDoor,
  asked: Awaited<ReturnType<TokenDoor['request']>>,
): Promise<void> {
  const signal = exchange.signal();
  let sse: SseWriter | undefined;
  await new Promise<void>((resolve, reject) => {
    const tell = (event: RequestEvent) => {
      if (event.type === 'error' && !sse) return reject(event.error);
      sse ??= exchange.sse({}, () => ': ping\n\n');
      const piece = pieceOf(event);
      if (piece) sse.send(piece);
      if (event.type === 'finish' || event.type === 'error') {
        sse.end('data: [DONE]\n\n');
        resolve();
      }
    };
    const id = backend.submit(asked, tell);
    onAbort(signal, () => backend.cancel(id));
    if (signal.aborted) backend.cancel(id);
  });
}

/** An event as it goes over the wire; undefined: it says nothing there. */
function pieceOf(event: RequestEvent): object | undefined {
  switch (event.type) {
    case 'tokens': {
      const { tokens: ids, logprobs } = event;
      return ids.length === 0 ? undefined : { tokens: ids, ...(logprobs && { logprobs }) };
    }
    case 'prompt-logprobs':
      return { promptLogprobs: event.logprobs };
    case 'finish': {
      const { reason, shortened, usage } = event;
      const end = reason === 'length' ? 'length' : reason === 'cancelled' || reason === 'error' ? 'broken' : 'stop';
      return { end, shortened, cached: usage.cachedTokens, usage };
    }
    case 'error': {
      const { code, message } = event.error;
      return { error: { code, message } };
    }
    default:
      return undefined;
  }
}

/** POST /v1/hints: advice about programs. */
export async function hints(exchange: Exchange, door: TokenDoor): Promise<void> {
  door.take(parsedBody(hintsRequest, await exchange.body()));
  exchange.json(200, { ok: true });
}
