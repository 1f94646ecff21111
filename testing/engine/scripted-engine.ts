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
  RenderedChat,
} from '../../src/native/binding.js';
import type { NativeDecision } from '../../src/native/decisions.js';
import type { NativeEvent } from '../../src/native/events.js';
import type { NativeModelInfo } from '../../src/native/reports/model-info.js';
import type { NativeProgramReport } from '../../src/native/reports/program-report.js';
import type { NativeStats } from '../../src/native/reports/stats.js';
import type { NativeMiss } from '../../src/native/reports/usage.js';
import type { NativeSnapshot } from '../../src/native/snapshot.js';
import { NO_STATS } from '../../src/remote/no-stats.js';
import type { Recorder } from '../../src/trace/recorder.js';
import { type Answer, advance, begin, isLast, type Running } from './scripted-answer.js';
import { decode, encode, renderTemplate } from './scripted-text.js';

/** What the model says to a prompt. */
export type Script = (prompt: string, request: BackendRequest) => Answer | string;

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
    const running = begin(id, request, answer, cached);
    this.#running.push(running);
    this.router.attach(id, request, sink);
    if (request.progress && !running.answer.error) this.#accept(id);
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
    const events = advance(running);
    const { request, output } = running;
    if (events.at(-1)?.type === 'finish' && request.promptLogprobs < 0) this.#seen.push([...request.prompt, ...output]);
    return events;
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

/** As the native engine refuses them. */
function checkPrompt({ length }: Int32Array, maxContext: number): void {
  const refused = { field: 'prompt', promptTokens: length, limit: maxContext };
  if (length === 0) throw new BanyanError('INVALID_OPTION', 'prompt must have a token', { field: 'prompt' });
  if (length >= maxContext) throw new BanyanError('PROMPT_TOO_LONG', `the prompt has ${length} tokens`, refused);
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

/** An engine that follows the script; `native`: what it computes on. */
export function scripted(script: Script, revealMisses = false): { engine: Engine; native: ScriptedEngine } {
  const native = new ScriptedEngine(script, revealMisses);
  return { engine: new Engine(native), native };
}
