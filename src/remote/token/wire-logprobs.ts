import type { RequestEvent, TokenChance, TokenLogprob } from '../../native/events.js';
import { WireFailure } from './transport.js';

/** Logprobs of so many tokens, as an engine elsewhere tells them. Throws WireFailure. */
export function readLogprobs(value: unknown, least: number, most: number): TokenLogprob[] {
  if (!Array.isArray(value) || value.length < least || value.length > most) throw wrong();
  return value.map((one) => {
    const { top } = Object(one) as { top?: unknown };
    if (!Array.isArray(top) || top.length > 20) throw wrong();
    return { ...readChance(one), top: top.map(readChance) };
  });
}

/** Events of an answer's tokens with their logprobs, one a token of the output. */
export function withLogprobs(events: RequestEvent[], logprobs: readonly TokenLogprob[]): RequestEvent[] {
  if (logprobs.length === 0) return events;
  let at = 0;
  return events.map((event) => {
    if (event.type !== 'tokens' || event.tokens.length === 0) return event;
    const own = logprobs.slice(at, at + event.tokens.length);
    at += event.tokens.length;
    return { ...event, logprobs: own };
  });
}

function readChance(value: unknown): TokenChance {
  const { token, text, bytes, logprob } = Object(value) as Record<string, unknown>;
  const isBytes = Array.isArray(bytes) && bytes.every((byte) => Number.isInteger(byte) && byte >= 0 && byte < 256);
  if (!Number.isInteger(token) || typeof text !== 'string' || !isBytes) throw wrong();
  // JSON has no infinity.
  if (logprob !== null && typeof logprob !== 'number') throw wrong();
  return { token: token as number, text, bytes, logprob: logprob ?? Number.NEGATIVE_INFINITY };
}

const wrong = () => new WireFailure('broken', 'its logprobs are none');
