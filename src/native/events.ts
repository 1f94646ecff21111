import { loadBinding, type NativeMessage, type NativeToolCall } from './binding.js';
import { ByteReader } from './byte-reader.js';
import { type NativeDecision, readDecision } from './decisions.js';
import { type RecordLayouts, readRecord } from './records.js';
import type { NativeUsage } from './reports.js';
import type { FinishReason } from './vocabulary.js';

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

/** The vector of a text of an embedding request, which `finish` or `error` ends, too. */
export type EmbeddingEvent = { type: 'embedding'; request: number; index: number; vector: Float32Array };

export type NativeEvent =
  | RequestEvent
  | EmbeddingEvent
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

function readFinish(reader: ByteReader, request: number, { finish }: RecordLayouts): RequestEvent {
  const ended = readRecord<{ reason: FinishReason; usage: NativeUsage }>(reader, finish);
  const message = {
    content: reader.string(),
    reasoning: reader.string(),
    toolCalls: Array.from({ length: reader.int() }, () => readCall(reader)),
  };
  return { type: 'finish', request, ...ended, message };
}

/** What a record is of, its first word. As native/addon/event-pack.cpp counts. */
const RECORD = { tokens: 1, toolCall: 2, finish: 3, error: 4, decision: 5, embedding: 6 } as const;

/** The addon's, which no buffer comes without. */
let addonLayouts: RecordLayouts | undefined;

/** The events of one buffer of the addon, in order (format: native/addon/README.md). */
export function decodeEvents(buffer: Uint8Array): NativeEvent[] {
  addonLayouts ??= loadBinding().records;
  const layouts = addonLayouts;
  const events: NativeEvent[] = [];
  const reader = new ByteReader(buffer);
  while (reader.at < reader.words.length) {
    const start = reader.at;
    const type = reader.int();
    const size = reader.int();
    const request = reader.id();
    switch (type) {
      case RECORD.tokens:
        events.push(readTokens(reader, request));
        break;
      case RECORD.toolCall:
        events.push({ type: 'tool-call', request, index: reader.int(), call: readCall(reader) });
        break;
      case RECORD.finish:
        events.push(readFinish(reader, request, layouts));
        break;
      case RECORD.error:
        events.push({
          type: 'error',
          request,
          code: reader.string(),
          message: reader.string(),
          retryAfterMs: reader.double(),
        });
        break;
      case RECORD.embedding:
        events.push({ type: 'embedding', request, index: reader.int(), vector: reader.floats(reader.int()) });
        break;
      case RECORD.decision:
        events.push({ type: 'decision', request: 0, decision: readDecision(reader, layouts) });
        break;
    }
    reader.at = start + (size >> 2); // a record that grew at its end stays readable
  }
  return events;
}
