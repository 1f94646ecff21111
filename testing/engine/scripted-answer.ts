import type { BackendRequest } from '../../src/backend/backend.js';
import type { NativeMessage, NativeToolCall } from '../../src/native/binding.js';
import { NO_DRAFTS } from '../../src/native/draft-kinds.js';
import type { NativeEvent } from '../../src/native/events.js';
import type { FinishReason } from '../../src/native/vocabulary.js';
import { decode, encode, openCall, parseOutput } from './scripted-text.js';

/** What the scripted model says to a prompt: one text a step. Without `end` it ends its turn by itself. */
export interface Answer {
  steps: string[];
  end?: FinishReason;
  stopText?: string;
  shortened?: boolean;
  error?: { code: string; message: string; retryAfterMs?: number };
}

/** A request under way, as the script goes on with it. */
export interface Running {
  id: number;
  request: BackendRequest;
  answer: Answer;
  output: number[];
  said: NativeMessage;
  cached: number;
  /** Its prompt was computed. */
  started: boolean;
  /** Arguments told of the call under way; undefined: there is none. */
  args: string | undefined;
  reasoningTokens: number;
}

/** A request that begins now. */
export function begin(id: number, request: BackendRequest, said: Answer | string, cached: number): Running {
  const told = typeof said === 'string' ? { steps: [said] } : said;
  const answer: Answer = request.maxTokens === 0 && !told.error ? { steps: [], end: 'length' } : told;
  return {
    ...{ id, request, cached, output: [], said: NOTHING, started: false, args: undefined, reasoningTokens: 0 },
    answer: { ...answer, steps: [...answer.steps] },
  };
}

/** The events of its next step. */
export function advance(running: Running): NativeEvent[] {
  const { id: request, answer, output, request: asked } = running;
  const text = answer.steps.shift();
  if (text !== undefined) {
    const tokens = encode(text);
    output.push(...tokens);
    const said = read(output, asked);
    const before = running.said;
    running.said = said;
    const shown = said.content.slice(before.content.length);
    const reasoning = said.reasoning.slice(before.reasoning.length);
    if (reasoning !== '') running.reasoningTokens += tokens.length;
    const event = { type: 'tokens' as const, request, tokens, text: shown, reasoning };
    return [...begun(running), event, ...calls(running, before.toolCalls.length)];
  }
  if (answer.error) return [{ type: 'error', request, retryAfterMs: 0, ...answer.error }];
  return answer.end === 'cancelled' ? finish(running) : [...begun(running), ...finish(running)];
}

function finish({ id: request, answer, output, request: asked, cached, reasoningTokens }: Running): NativeEvent[] {
  const message = read(output, asked);
  const reason = answer.end ?? (message.toolCalls.length > 0 ? 'tool-calls' : 'stop');
  const promptTokens = asked.prompt.length;
  const usage = {
    ...{ promptTokens, cachedTokens: cached, computedTokens: promptTokens - cached },
    ...{ cacheWriteTokens: promptTokens - cached - 1, reasoningTokens, prefillMs: 1 },
    ...{ draftedTokens: 0, acceptedTokens: 0, acceptedBy: NO_DRAFTS, forcedTokens: 0 },
    ...{ outputTokens: output.length, preemptions: 0, queueMs: 0, ttftMs: 1, itlMs: 1, totalMs: 2 },
    ...{ waitedMs: 0, bypassed: 0, hits: { device: cached, host: 0, disk: 0 }, retained: '' },
    miss: {
      matched: cached,
      promptTokens,
      paged: cached,
      kept: 0,
      expected: -1,
      actual: -1,
      reason: 'cold' as const,
    },
  };
  const { stopText = '', shortened = false } = answer;
  return [{ type: 'finish', request, reason, stopText, shortened, usage, message }];
}

const NOTHING: NativeMessage = { content: '', reasoning: '', toolCalls: [] };

function read(output: number[], { chat }: BackendRequest): NativeMessage {
  const content = decode(output, false);
  return chat ? parseOutput(content) : { ...NOTHING, content };
}

/** Events of a request whose first step this is. */
function begun(running: Running): NativeEvent[] {
  const { id: request, request: asked, cached, started } = running;
  running.started = true;
  if (started) return [];
  const { length: total } = asked.prompt;
  const admitted: NativeEvent = { type: 'admitted', request, promptTokens: total, cachedTokens: cached };
  const prefill: NativeEvent = { type: 'prefill', request, done: total, total };
  const stages = asked.progress ? [admitted, prefill] : [];
  return asked.promptLogprobs < 0 ? stages : [...stages, scores(request, asked)];
}

/** Each token of the prompt is as likely as the others: a script knows no better. */
function scores(request: number, { prompt, promptLogprobs: most }: BackendRequest): NativeEvent {
  const one = (token: number) => {
    const text = decode([token], true);
    return { token, text, bytes: [...Buffer.from(text)], logprob: -1 };
  };
  const logprobs = [...prompt.subarray(1)].map((token) => ({ ...one(token), top: most > 0 ? [one(token)] : [] }));
  return { type: 'prompt-logprobs', request, logprobs };
}

/** Events of the calls of an answer from number `first` on, and of the one under way. */
function calls(running: Running, first: number): NativeEvent[] {
  const { id: request, request: asked, output, said } = running;
  const pieces = (index: number, { id, name, arguments: json }: NativeToolCall): NativeEvent[] => {
    if (!asked.progress) return [];
    const begins = running.args === undefined;
    const delta = json.slice(running.args?.length ?? 0);
    running.args = json;
    return [
      ...(begins ? [{ type: 'call-start' as const, request, index, id, name }] : []),
      ...(delta === '' ? [] : [{ type: 'call-args' as const, request, index, delta }]),
    ];
  };
  const whole = said.toolCalls.slice(first).flatMap((call, offset): NativeEvent[] => {
    const index = first + offset;
    const events = pieces(index, call);
    running.args = undefined;
    return [...events, { type: 'tool-call', request, call, index }];
  });
  const open = asked.chat ? openCall(decode(output, false)) : undefined;
  return open ? [...whole, ...pieces(said.toolCalls.length, open)] : whole;
}

/** True for the event that ends a request. */
export function isLast(event: NativeEvent): boolean {
  return event.type === 'finish' || event.type === 'error';
}
