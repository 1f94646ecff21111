import { type BackendRequest, checkOpen, type EmbeddingSink, type RequestSink } from '../backend/backend.js';
import { EventRouter } from '../backend/event-router.js';
import { BanyanError } from '../kit/errors.js';
import type { ChatInput, Grammar, NativeEmbedding, NativeHint, RenderedChat } from '../native/binding.js';
import type { NativeDecision } from '../native/decisions.js';
import type { NativeEvent } from '../native/events.js';
import type { NativeModelInfo } from '../native/reports/model-info.js';
import type { ProgramCost } from '../native/reports/program-report.js';
import type { NativeStats } from '../native/reports/stats.js';
import type { NativeMiss } from '../native/reports/usage.js';
import type { NativeSnapshot } from '../native/snapshot.js';
import type { Recorder } from '../trace/recorder.js';
import { Programs } from './programs.js';
import type { RemoteDoor } from './remote-door.js';
import type { ServerStats } from './server-stats.js';

/** One request that goes on elsewhere. */
export interface FarCall {
  /** Resolves once its last event was told. Never rejects. */
  readonly done: Promise<void>;
  cancel(): void;
}

/** What engines elsewhere have in common: requests under way, what they and their programs cost, and what of their caches is not known here. */
export abstract class FarBackend implements RemoteDoor {
  abstract readonly info: NativeModelInfo;
  protected readonly router = new EventRouter();
  readonly #calls = new Map<number, FarCall>();
  readonly #programs = new Programs();
  readonly #counts = { submitted: 0, finished: 0, cancelled: 0, promptTokens: 0, cachedTokens: 0, decodeTokens: 0 };
  #next = 1;
  #closed = false;
  #closing: Promise<void> | undefined;

  get closed(): boolean {
    return this.#closed;
  }

  abstract servers(): ServerStats[];
  abstract drain(url: string, draining: boolean): Promise<void>;
  abstract submit(asked: BackendRequest, sink: RequestSink): number;
  abstract tokenize(text: string, addSpecial: boolean): Int32Array;
  abstract tokenizeLater(text: string, addSpecial: boolean): Promise<Int32Array>;
  abstract detokenize(tokens: Int32Array, special: boolean): string;
  abstract renderChat(input: ChatInput): Promise<RenderedChat>;
  abstract tokenizeChat(text: string, literal: Int32Array): Promise<Int32Array>;
  abstract parseGrammar(gbnf: string, jsonSchema: string): Promise<Grammar>;

  /** A request that was checked: `open` begins it, and tells nothing before it has returned. */
  protected begin(
    asked: BackendRequest,
    sink: RequestSink,
    open: (id: number, deliver: (events: NativeEvent[]) => void) => FarCall,
  ): number {
    const id = this.#next++;
    this.router.attach(id, asked, sink);
    this.#counts.submitted++;
    this.#programs.began(asked.program);
    this.#tellArrival(id, asked);
    this.#calls.set(
      id,
      open(id, (events) => this.#deliver(asked, events)),
    );
    return id;
  }

  /** Gauges and counters of what went through here, for `stats()`. */
  protected get counts(): Partial<NativeStats> {
    return { ...this.#counts, running: this.#calls.size, waiting: 0 };
  }

  embed(_request: NativeEmbedding, _sink: EmbeddingSink): number {
    checkOpen(this);
    throw new BanyanError('MODEL_UNSUPPORTED', 'An engine elsewhere makes no vectors here');
  }

  cancel(request: number): boolean {
    const call = this.#closed ? undefined : this.#calls.get(request);
    call?.cancel();
    return call !== undefined;
  }

  async explain(_tenant: string, tokens: Int32Array): Promise<NativeMiss> {
    checkOpen(this);
    const actual = tokens[0] ?? -1;
    return { matched: 0, promptTokens: tokens.length, paged: 0, kept: 0, expected: -1, actual, reason: 'reuse-off' };
  }

  async pin(): Promise<{ id: number; tokens: number }> {
    checkOpen(this);
    return { id: 0, tokens: 0 };
  }

  async unpin(): Promise<boolean> {
    return false;
  }

  async clearCache(): Promise<number> {
    checkOpen(this);
    return 0;
  }

  hint(program: number, hint: NativeHint): void {
    checkOpen(this);
    this.router.recorder?.hint(program, hint);
  }

  async programReport(program: number): Promise<ProgramCost | undefined> {
    checkOpen(this);
    return this.#programs.report(program);
  }

  abstract stats(): Promise<NativeStats>;

  async snapshot(): Promise<NativeSnapshot> {
    checkOpen(this);
    throw new BanyanError('MODEL_UNSUPPORTED', 'An engine elsewhere shows nothing of what it holds');
  }

  watchDecisions(listener: ((decision: NativeDecision) => void) | undefined): void {
    if (listener) checkOpen(this);
    this.router.onDecision = listener;
  }

  record(recorder: Recorder | undefined): void {
    this.router.recorder = recorder;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Begins to close what it stands on, as its calls end; resolves to what is left to be closed when they have. */
  protected abstract release(): { whileEnding: Promise<void>; after: () => Promise<unknown> };

  async #close(): Promise<void> {
    this.#closed = true;
    const { whileEnding, after } = this.release();
    const calls = [...this.#calls.values()];
    for (const call of calls) call.cancel();
    await Promise.all(calls.map(({ done }) => done));
    this.router.close();
    await Promise.all([whileEnding, after()]);
  }

  #tellArrival(request: number, { prompt, class: level, program }: BackendRequest): void {
    if (!this.router.onDecision) return;
    const text = `request ${request} of ${prompt.length} tokens is sent to an engine elsewhere`;
    const about = { at: performance.now(), kind: 'arrive' as const, program, request, text };
    const decision = { ...about, promptTokens: prompt.length, class: level };
    setImmediate(() => this.router.deliver([{ type: 'decision', request: 0, decision }]));
  }

  #deliver({ program }: BackendRequest, events: NativeEvent[]): void {
    for (const event of events) {
      if (event.type !== 'finish' && event.type !== 'error') continue;
      this.#calls.delete(event.request);
      const usage = event.type === 'finish' ? event.usage : undefined;
      this.#programs.ended(program, usage);
      if (event.type === 'finish' && event.reason === 'cancelled') this.#counts.cancelled++;
      else if (usage) this.#counts.finished++;
      this.#counts.promptTokens += usage?.promptTokens ?? 0;
      this.#counts.cachedTokens += usage?.cachedTokens ?? 0; // of servers that tell
      this.#counts.decodeTokens += usage?.outputTokens ?? 0;
    }
    this.router.deliver(events);
  }
}
