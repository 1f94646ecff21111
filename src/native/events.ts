import type { NativeMessage, NativeToolCall } from './binding.js';
import { ByteReader } from './byte-reader.js';
import { type NativeDecision, readDecision } from './decisions.js';
import type { NativeMiss, NativeUsage } from './reports.js';
import { FINISH_REASONS, type FinishReason, MISS_REASONS } from './vocabulary.js';

/** One sampled token's logprob and its alternatives. */
export interface TokenLogprob {
  token: number;
  text: string;
  logprob: number;
  top: { token: number; text: string; logprob: number }[];
}

/** What a request tells its owner, in order; `finish` or `error` is its last. */
export type RequestEvent =
  /** New output: token ids as sampled (the truth), and what became certain with them of the answer's text and reasoning. */
  | {
      type: 'tokens';
      request: number;
      tokens: number[];
      text: string;
      reasoning: string;
      logprobs?: TokenLogprob[];
    }
  /** A tool call closed while the rest still decodes (only with a ChatFormat that has tools). */
  | { type: 'tool-call'; request: number; index: number; call: NativeToolCall }
  | { type: 'finish'; request: number; reason: FinishReason; usage: NativeUsage; message: NativeMessage }
  /** The request failed alone; the engine lives on. `retryAfterMs` is not 0 with BACKPRESSURE. */
  | { type: 'error'; request: number; code: string; message: string; retryAfterMs: number };

export type NativeEvent =
  | RequestEvent
  /** What the scheduler decided, while decisions are wanted. `request` is 0: it is no request's event. */
  | { type: 'decision'; request: 0; decision: NativeDecision };

function readLogprob(reader: ByteReader) {
  return { token: reader.int(), logprob: reader.float(), text: reader.string() };
}

function readTokens(reader: ByteReader, request: number): RequestEvent {
  const count = reader.int();
  const logprobCount = reader.int();
  const tokens: number[] = [];
  for (let i = 0; i < count; i++) tokens.push(reader.int());
  const text = reader.string();
  const logprobs: TokenLogprob[] = [];
  for (let i = 0; i < logprobCount; i++) {
    const entry = readLogprob(reader);
    const top = Array.from({ length: reader.int() }, () => readLogprob(reader));
    logprobs.push({ ...entry, top });
  }
  const reasoning = reader.string();
  const event = { type: 'tokens' as const, request, tokens, text, reasoning };
  return logprobCount === 0 ? event : { ...event, logprobs };
}

function readCall(reader: ByteReader): NativeToolCall {
  return { id: reader.string(), name: reader.string(), arguments: reader.string() };
}

// The fields of an object literal are evaluated in order, which is the order of the bytes.
function readFinish(reader: ByteReader, request: number): RequestEvent {
  const reason = FINISH_REASONS[reader.int()] as FinishReason;
  const usage: NativeUsage = {
    promptTokens: reader.int(),
    cachedTokens: reader.int(),
    computedTokens: reader.int(),
    outputTokens: reader.int(),
    preemptions: reader.int(),
    queueMs: reader.double(),
    ttftMs: reader.double(),
    itlMs: reader.double(),
    totalMs: reader.double(),
    miss: {
      matched: reader.int(),
      promptTokens: reader.int(),
      expected: reader.int(),
      actual: reader.int(),
      reason: MISS_REASONS[reader.int()] as NativeMiss['reason'],
    },
    waitedMs: 0,
    bypassed: 0,
    hits: { device: 0 },
    retained: '',
  };
  const message = {
    content: reader.string(),
    reasoning: reader.string(),
    toolCalls: Array.from({ length: reader.int() }, () => readCall(reader)),
  };
  // Added later, so behind what was there.
  usage.waitedMs = reader.double();
  usage.bypassed = reader.int();
  usage.hits.device = reader.int();
  usage.retained = reader.string();
  return { type: 'finish', request, reason, usage, message };
}

/** The events of one buffer of the addon, in order (format: native/addon/README.md). */
export function decodeEvents(buffer: Uint8Array): NativeEvent[] {
  const events: NativeEvent[] = [];
  const reader = new ByteReader(buffer);
  while (reader.at < reader.words.length) {
    const start = reader.at;
    const type = reader.int();
    const size = reader.int();
    const request = reader.id();
    switch (type) {
      case 1:
        events.push(readTokens(reader, request));
        break;
      case 2:
        events.push({ type: 'tool-call', request, index: reader.int(), call: readCall(reader) });
        break;
      case 3:
        events.push(readFinish(reader, request));
        break;
      case 4:
        events.push({
          type: 'error',
          request,
          code: reader.string(),
          message: reader.string(),
          retryAfterMs: reader.double(),
        });
        break;
      case 5:
        events.push({ type: 'decision', request: 0, decision: readDecision(reader) });
        break;
    }
    reader.at = start + (size >> 2); // a record that grew at its end stays readable
  }
  return events;
}
