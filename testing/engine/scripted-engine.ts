import {
  type Backend,
  type BackendRequest,
  checkOpen,
  type EmbeddingSink,
  type RequestSink,
} from '../../src/backend/backend.js';
import { EventRouter } from '../../src/backend/event-router.js';
import { Engine } from '../../src/engine/engine.js';
import { BanyanError } from '../../src/kit/errors.js';
import type {
  ChatFormat,
  ChatInput,
  Grammar,
  NativeEmbedding,
  NativeHint,
  NativeMessage,
  NativeToolCall,
  RenderedChat,
} from '../../src/native/binding.js';
import type { NativeDecision } from '../../src/native/decisions.js';
import { NO_DRAFTS } from '../../src/native/draft-kinds.js';
import type { NativeEvent } from '../../src/native/events.js';
import type { NativeMiss, NativeModelInfo, NativeProgramReport, NativeStats } from '../../src/native/reports.js';
import type { NativeSnapshot } from '../../src/native/snapshot.js';
import type { FinishReason } from '../../src/native/vocabulary.js';
import { NO_STATS } from '../../src/remote/no-stats.js';
import type { Recorder } from '../../src/trace/recorder.js';
import { decode, encode, openCall, parseOutput, renderTemplate } from './scripted-text.js';

/** What the scripted model says to a prompt: one text a step. Without `end` it ends its turn by itself. */
export interface Answer {
  steps: string[];
  end?: FinishReason;
  stopText?: string;
  shortened?: boolean;
  error?: { code: string; message: string; retryAfterMs?: number };
}

export type Script = (prompt: string, request: BackendRequest) => Answer | string;

interface Running {
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

/** A Backend without a model: one event batch a turn of the event loop, a prefix cache that never forgets. */
export class ScriptedEngine implements Backend {
  readonly info = {
    ...{ name: 'scripted', digest: 'scripted', maxContext: 100_000, maxRunning: 16, eosText: '</s>' },
    supportsParallelCalls: true,
    supportsLateSystem: true,
  } as NativeModelInfo;
  /** GBNF or JSON schema, as parsed. */
  readonly grammars: string[] = [];
  readonly requests: BackendRequest[] = [];
  readonly renders: ChatInput[] = [];
  readonly cancelled: number[] = [];
  readonly hints: (NativeHint & { program: number })[] = [];
  readonly router: EventRouter;
  /** While true no step runs: requests wait as they are. */
  paused = false;
  closed = false;
  readonly #script: Script;
  readonly #seen: number[][] = [];
  #running: Running[] = [];
  #accepted: NativeEvent[] = [];
  #decided: NativeEvent[] = [];
  #pins = 0;
  readonly #pinned = new Set<number>();
  #scheduled = false;

  constructor(script: Script, revealMisses = false) {
    this.#script = script;
    this.router = new EventRouter(revealMisses);
  }

  get decisionsOn(): boolean {
    return this.router.onDecision !== undefined;
  }

  submit(request: BackendRequest, sink: RequestSink): number {
    checkOpen(this);
    checkPrompt(request.prompt, this.info.maxContext);
    const id = this.requests.push(request);
    const answer = this.#script(decode(request.prompt, true), request);
    const scored = request.promptLogprobs >= 0;
    const cached = scored ? 0 : Math.min(this.#commonPrefix(request.prompt), request.prompt.length - 1);
    const told = typeof answer === 'string' ? { steps: [answer] } : answer;
    const whole: Answer = request.maxTokens === 0 && !told.error ? { steps: [], end: 'length' } : told;
    this.#running.push({
      id,
      request,
      answer: { ...whole, steps: [...whole.steps] },
      output: [],
      said: NOTHING,
      cached,
      started: false,
      args: undefined,
      reasoningTokens: 0,
    });
    this.router.attach(id, request, sink);
    if (request.progress && !whole.error) this.#accept(id);
    if (this.decisionsOn) this.#decided.push(arrival(id, request));
    this.#schedule();
    return id;
  }

  embed(_request: NativeEmbedding, _sink: EmbeddingSink): number {
    checkOpen(this);
    throw new BanyanError('MODEL_UNSUPPORTED', 'a script embeds nothing');
  }

  cancel(request: number): boolean {
    if (this.closed) return false;
    this.cancelled.push(request);
    const running = this.#running.find(({ id }) => id === request);
    if (running) running.answer = { steps: [], end: 'cancelled' };
    this.#schedule();
    return running !== undefined;
  }

  tokenize(text: string, addSpecial: boolean): Int32Array {
    checkOpen(this);
    return Int32Array.from(encode(addSpecial ? `<s>${text}` : text));
  }

  async tokenizeLater(text: string, addSpecial: boolean): Promise<Int32Array> {
    return this.tokenize(text, addSpecial);
  }

  async parseGrammar(grammar: string, jsonSchema: string): Promise<Grammar> {
    checkOpen(this);
    this.grammars.push(grammar || jsonSchema);
    return { __brand: 'Grammar' };
  }

  async tokenizeChat(text: string): Promise<Int32Array> {
    return this.tokenize(text, false);
  }

  detokenize(tokens: Int32Array, special: boolean): string {
    checkOpen(this);
    return decode(tokens, special);
  }

  async renderChat(input: ChatInput): Promise<RenderedChat> {
    checkOpen(this);
    this.renders.push(input);
    const prompt = renderTemplate(input);
    const format = { tools: input.tools } as unknown as ChatFormat;
    return { prompt, literal: new Int32Array(0), tokens: Int32Array.from(encode(prompt)), format };
  }

  async explain(_salt: string, tokens: Int32Array): Promise<NativeMiss> {
    checkOpen(this);
    const matched = this.#commonPrefix(tokens);
    const holder = this.#seen.find(
      (seen) => seen.length > matched && seen.slice(0, matched).every((t, i) => t === tokens[i]),
    );
    const [expected, actual] = [holder?.[matched] ?? -1, tokens[matched] ?? -1];
    const reason = actual < 0 ? ('full-hit' as const) : ('diverged' as const);
    return this.router.shown({
      matched,
      promptTokens: tokens.length,
      paged: matched,
      kept: 0,
      expected,
      actual,
      reason,
    });
  }

  async pin(_salt: string, tokens: Int32Array, _ttlMs: number, share: number) {
    checkOpen(this);
    const pinned = share > 0 ? this.#commonPrefix(tokens) : 0;
    const id = pinned > 0 ? ++this.#pins : 0;
    if (id > 0) this.#pinned.add(id);
    return { id, tokens: pinned };
  }

  async unpin(id: number): Promise<boolean> {
    return !this.closed && this.#pinned.delete(id);
  }

  hint(program: number, hint: NativeHint): void {
    checkOpen(this);
    this.hints.push({ ...hint, program });
    this.router.recorder?.hint(program, hint);
  }

  async programReport(program: number) {
    checkOpen(this);
    const calls = this.requests.filter((request) => request.program === program).length;
    return calls > 0 ? ({ calls, retention: 'kept' } as NativeProgramReport) : undefined;
  }

  watchDecisions(listener: ((decision: NativeDecision) => void) | undefined): void {
    if (listener) checkOpen(this);
    this.router.onDecision = listener;
  }

  record(recorder: Recorder | undefined): void {
    this.router.recorder = recorder;
  }

  async clearCache(): Promise<number> {
    checkOpen(this);
    return this.#seen.splice(0).length;
  }

  async snapshot(): Promise<NativeSnapshot> {
    checkOpen(this);
    throw new BanyanError('MODEL_UNSUPPORTED', 'a script holds nothing');
  }

  async stats(): Promise<NativeStats> {
    checkOpen(this);
    return { ...NO_STATS, running: this.#running.length, submitted: this.requests.length };
  }

  async close(): Promise<void> {
    this.closed = true;
    for (const running of this.#running) running.answer = { steps: [], end: 'cancelled' };
    this.paused = false;
    while (this.#running.length > 0) this.#step();
  }

  /** Goes on after `paused`. */
  resume(): void {
    this.paused = false;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || this.paused) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (!this.paused) this.#step();
      if (this.#running.length > 0) this.#schedule();
    });
  }

  /** Told soon, also while paused: it waits then. */
  #accept(request: number): void {
    this.#accepted.push({ type: 'accepted', request });
    setImmediate(() => this.router.deliver(this.#accepted.splice(0)));
  }

  #step(): void {
    const events = [
      ...this.#accepted.splice(0),
      ...this.#decided.splice(0),
      ...this.#running.flatMap((running) => this.#advance(running)),
    ];
    this.#running = this.#running.filter(({ id }) => !events.some((e) => e.request === id && isLast(e)));
    this.router.deliver(events);
  }

  #advance(running: Running): NativeEvent[] {
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
    return answer.end === 'cancelled' ? this.#finish(running) : [...begun(running), ...this.#finish(running)];
  }

  #finish({ id: request, answer, output, request: asked, cached, reasoningTokens }: Running): NativeEvent[] {
    const message = read(output, asked);
    const reason = answer.end ?? (message.toolCalls.length > 0 ? 'tool-calls' : 'stop');
    const promptTokens = asked.prompt.length;
    if (asked.promptLogprobs < 0) this.#seen.push([...asked.prompt, ...output]);
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

  #commonPrefix(tokens: Int32Array): number {
    return Math.max(
      0,
      ...this.#seen.map((seen) => {
        const at = seen.findIndex((token, index) => token !== tokens[index]);
        return at < 0 ? seen.length : at;
      }),
    );
  }
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

function arrival(request: number, { prompt, class: level, program }: BackendRequest): NativeEvent {
  const decision = {
    at: 1,
    kind: 'arrive' as const,
    program,
    request,
    text: '',
    promptTokens: prompt.length,
    class: level,
  };
  return { type: 'decision', request: 0, decision };
}

/** As the native engine refuses them. */
function checkPrompt({ length }: Int32Array, maxContext: number): void {
  const refused = { field: 'prompt', promptTokens: length, limit: maxContext };
  if (length === 0) throw new BanyanError('INVALID_OPTION', 'prompt must have a token', { field: 'prompt' });
  if (length >= maxContext) throw new BanyanError('PROMPT_TOO_LONG', `the prompt has ${length} tokens`, refused);
}

function isLast(event: NativeEvent): boolean {
  return event.type === 'finish' || event.type === 'error';
}

/** An engine that follows the script; `native`: what it computes on. */
export function scripted(script: Script, revealMisses = false): { engine: Engine; native: ScriptedEngine } {
  const native = new ScriptedEngine(script, revealMisses);
  return { engine: new Engine(native), native };
}
