import { loadBinding, type NativeMessage, type NativeToolCall } from './binding.js';
import { type NativeDecision, readDecision } from './decisions.js';
import { ByteReader } from './packed/byte-reader.js';
import { type RecordLayouts, readRecord } from './packed/records.js';
import type { CallUsage } from './reports/usage.js';
import { CALL_STAGES, type FinishReason, STAGES } from './vocabulary.js';

/** One token and its logprob. */
export interface TokenChance {
  /** Its id. */
  token: number;
  /** As far as it is whole characters: of a token that is a part of one, U+FFFD. */
  text: string;
  /** UTF-8. Those of the tokens of an answer, joined, are its text with control tokens. */
  bytes: number[];
  /** Natural logarithm of its probability. */
  logprob: number;
}

/** One sampled token's logprob and its alternatives. */
export interface TokenLogprob extends TokenChance {
  /** The likeliest tokens of its place, as many as were asked for. */
  top: TokenChance[];
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
  /** Logprobs of the prompt's tokens, in order: of its second one and those that follow it (only with `promptLogprobs`). */
  | { type: 'prompt-logprobs'; request: number; logprobs: TokenLogprob[] }
  /** A tool call closed while the rest still decodes (only with a ChatFormat that has tools). */
  | { type: 'tool-call'; request: number; index: number; call: NativeToolCall }
  /** With `progress`: a call is being written. Its `call-args` joined are the beginning of its arguments, all of them with `tool-call`. */
  | { type: 'call-start'; request: number; index: number; id: string; name: string }
  | { type: 'call-args'; request: number; index: number; delta: string }
  /** What was told of this call counts no more: it was cut, or is none, and comes as text. */
  | { type: 'call-cut'; request: number; index: number }
  /** With `progress`: it waits or runs, and will not be refused any more. */
  | { type: 'accepted'; request: number }
  | { type: 'admitted'; request: number; promptTokens: number; cachedTokens: number | null }
  /** Tokens of the prompt that are there, cached ones too; at most every tenth of a second. The last has done = total. */
  | { type: 'prefill'; request: number; done: number; total: number }
  /** `stopText`: of `stop`, what ended it, or ''. `shortened`: its limit made it end, and its last value may be cut short. */
  | {
      type: 'finish';
      request: number;
      reason: FinishReason;
      usage: CallUsage;
      stopText: string;
      shortened: boolean;
      message: NativeMessage;
    }
  /** The request failed alone; the engine lives on. `retryAfterMs` is not 0 with BACKPRESSURE. */
  | { type: 'error'; request: number; code: string; message: string; field?: string; retryAfterMs: number };

/** The vector of a text of an embedding request, which `finish` or `error` ends, too. */
export type EmbeddingEvent = { type: 'embedding'; request: number; index: number; vector: Float32Array };

/** Events before the first token. */
export type StageEvent = Extract<RequestEvent, { type: (typeof STAGES)[number] }>;

export type NativeEvent =
  | RequestEvent
  | EmbeddingEvent
  /** What the scheduler decided, while decisions are wanted. `request` is 0: it is no request's event. */
  | { type: 'decision'; request: 0; decision: NativeDecision };

function readEntry(reader: ByteReader): TokenChance {
  return { token: reader.int(), logprob: reader.float(), bytes: reader.bytesAhead(), text: reader.string() };
}

function readLogprobs(reader: ByteReader, count: number): TokenLogprob[] {
  return Array.from({ length: count }, () => ({
    ...readEntry(reader),
    top: Array.from({ length: reader.int() }, () => readEntry(reader)),
  }));
}

function readTokens(reader: ByteReader, request: number): RequestEvent {
  const count = reader.int();
  const logprobCount = reader.int();
  const tokens: number[] = [];
  for (let i = 0; i < count; i++) tokens.push(reader.int());
  const text = reader.string();
  const logprobs = readLogprobs(reader, logprobCount);
  const reasoning = reader.string();
  const event = { type: 'tokens' as const, request, tokens, text, reasoning };
  return logprobCount === 0 ? event : { ...event, logprobs };
}

function readCall(reader: ByteReader): NativeToolCall {
  return { id: reader.string(), name: reader.string(), arguments: reader.string() };
}

function readPiece(reader: ByteReader, request: number): RequestEvent {
  const type = CALL_STAGES[reader.int()] as (typeof CALL_STAGES)[number];
  const index = reader.int();
  const { id, name, arguments: delta } = readCall(reader);
  if (type === 'call-start') return { type, request, index, id, name };
  return type === 'call-args' ? { type, request, index, delta } : { type, request, index };
}

function readStage(reader: ByteReader, request: number): RequestEvent {
  const type = STAGES[reader.int()] as (typeof STAGES)[number];
  const [tokens, promptTokens] = [reader.int(), reader.int()];
  if (type === 'accepted') return { type, request };
  return type === 'admitted'
    ? { type, request, promptTokens, cachedTokens: tokens }
    : { type, request, done: tokens, total: promptTokens };
}

type Finish = Extract<RequestEvent, { type: 'finish' }>;

function readFinish(reader: ByteReader, request: number, { finish }: RecordLayouts): RequestEvent {
  const ended = readRecord<Pick<Finish, 'reason' | 'usage' | 'stopText' | 'shortened'>>(reader, finish);
  const message = {
    content: reader.string(),
    reasoning: reader.string(),
    toolCalls: Array.from({ length: reader.int() }, () => readCall(reader)),
  };
  return { type: 'finish', request, ...ended, message };
}

/** What a record is of, its first word. As native/addon/event-pack.cpp counts. */
const RECORD = {
  tokens: 1,
  toolCall: 2,
  finish: 3,
  error: 4,
  decision: 5,
  embedding: 6,
  callPiece: 7,
  stage: 8,
  promptLogprobs: 9,
} as const;

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
      case RECORD.callPiece:
        events.push(readPiece(reader, request));
        break;
      case RECORD.stage:
        events.push(readStage(reader, request));
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
      case RECORD.promptLogprobs:
        events.push({ type: 'prompt-logprobs', request, logprobs: readLogprobs(reader, reader.int()) });
        break;
      case RECORD.decision:
        events.push({ type: 'decision', request: 0, decision: readDecision(reader, layouts) });
        break;
    }
    reader.at = start + (size >> 2); // a record that grew at its end stays readable
  }
  return events;
}
