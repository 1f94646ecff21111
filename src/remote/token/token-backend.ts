import { type BackendRequest, checkOpen, type EmbeddingSink, type RequestSink } from '../../backend/backend.js';
import { EventRouter } from '../../backend/event-router.js';
import type { Vocabulary } from '../../backend/vocabulary.js';
import { BanyanError } from '../../kit/errors.js';
import type {
  ChatFormat,
  ChatInput,
  Grammar,
  NativeEmbedding,
  NativeHint,
  RenderedChat,
} from '../../native/binding.js';
import type { NativeDecision } from '../../native/decisions.js';
import type { NativeEvent } from '../../native/events.js';
import type { NativeMiss, NativeModelInfo, NativeStats, ProgramCost } from '../../native/reports.js';
import type { NativeSnapshot } from '../../native/snapshot.js';
import type { Recorder } from '../../trace/recorder.js';
import type { Aliases } from '../aliases.js';
import type { WireFormat, WireGrammar, WireRequest } from '../dialects/dialect.js';
import { schemaGrammar } from '../dialects/schema-grammar.js';
import { wireFormat } from '../dialects/wire-format.js';
import { Programs } from '../programs.js';
import type { RemoteDoor } from '../remote-door.js';
import type { ServerStats } from '../server-stats.js';
import { Hints } from './hints.js';
import type { Member } from './member.js';
import type { Pooled } from './pooled.js';
import { sayable } from './sayable.js';
import { type Servers, TokenCall } from './token-call.js';

/** Requests that a server runs at the same time, as far as is known: as many as an engine does by default. */
const RUNNING = 16;

/** What a TokenBackend is made of. */
export interface TokenSetup {
  vocabulary: Vocabulary;
  members: readonly Member[];
  servers: Pooled;
  /** What calls go through, where it is not the servers themselves. */
  calls?: Servers | undefined;
  aliases: Aliases;
  idleMs: number;
  firstTokenMs: number;
}

/** Engines elsewhere, with the promises of Backend: token ids go there and come back, words are made and read here. */
export class TokenBackend implements RemoteDoor {
  readonly info: NativeModelInfo;
  readonly #setup: TokenSetup;
  readonly #router = new EventRouter();
  readonly #calls = new Map<number, TokenCall>();
  readonly #programs = new Programs();
  readonly #hints: Hints;
  readonly #schemas = new WeakMap<Grammar, WireGrammar>();
  readonly #formats = new WeakMap<ChatFormat, WireFormat>();
  readonly #counts = { submitted: 0, finished: 0, cancelled: 0, promptTokens: 0, cachedTokens: 0, decodeTokens: 0 };
  #next = 1;
  #closed = false;
  #closing: Promise<void> | undefined;

  constructor(setup: TokenSetup) {
    this.#setup = setup;
    const { vocabulary, members } = setup;
    this.#hints = new Hints(setup.calls ?? setup.servers, setup.aliases);
    const [first] = members;
    const advice = sayable(
      vocabulary.info,
      members.map(({ dialect }) => dialect),
    );
    const maxRunning = RUNNING * members.length;
    this.info = { ...vocabulary.info, ...advice, maxRunning, backend: first?.dialect.name ?? '', kernel: 'remote' };
  }

  get closed(): boolean {
    return this.#closed;
  }

  servers(): ServerStats[] {
    return this.#setup.servers.stats();
  }

  async drain(url: string, draining: boolean): Promise<void> {
    checkOpen(this);
    await this.#setup.servers.drain(url, draining);
  }

  submit(asked: BackendRequest, sink: RequestSink): number {
    checkOpen(this);
    const { vocabulary, members, idleMs, firstTokenMs } = this.#setup;
    const servers = this.#hints;
    const wire = this.#wireOf(asked);
    // A server that ends answers as an engine does says itself whether the limit did.
    const most =
      members.every(({ dialect }) => dialect.endsThere) && asked.maxTokens > 0 ? wire.maxTokens + 1 : undefined;
    const reader = vocabulary.openAnswer(most === undefined ? asked : { ...asked, maxTokens: most });
    for (const { dialect, model, priorities } of members) dialect.body({ ...wire, kept: 0, model, priorities });
    const id = this.#next++;
    this.#router.attach(id, asked, sink);
    this.#counts.submitted++;
    this.#programs.began(asked.program);
    this.#tellArrival(id, asked);
    const deliver = (events: NativeEvent[]) => this.#deliver(asked, events);
    const call = new TokenCall({ id, wire, reader, vocabulary, servers, idleMs, firstTokenMs, deliver });
    this.#calls.set(id, call);
    return id;
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

  tokenize(text: string, addSpecial: boolean): Int32Array {
    return this.#setup.vocabulary.tokenize(text, addSpecial);
  }

  tokenizeLater(text: string, addSpecial: boolean): Promise<Int32Array> {
    return this.#setup.vocabulary.tokenizeLater(text, addSpecial);
  }

  detokenize(tokens: Int32Array, special: boolean): string {
    return this.#setup.vocabulary.detokenize(tokens, special);
  }

  async renderChat(input: ChatInput): Promise<RenderedChat> {
    const rendered = await this.#setup.vocabulary.renderChat(input);
    this.#formats.set(rendered.format, wireFormat(input));
    return rendered;
  }

  tokenizeChat(text: string, literal: Int32Array): Promise<Int32Array> {
    return this.#setup.vocabulary.tokenizeChat(text, literal);
  }

  async parseGrammar(gbnf: string, jsonSchema: string): Promise<Grammar> {
    const grammar = await this.#setup.vocabulary.parseGrammar(gbnf, jsonSchema);
    this.#schemas.set(grammar, { gbnf: gbnf || schemaGrammar(jsonSchema), jsonSchema, begun: '' });
    return grammar;
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
    this.#router.recorder?.hint(program, hint);
    this.#hints.tell(program, hint);
  }

  async programReport(program: number): Promise<ProgramCost | undefined> {
    checkOpen(this);
    return this.#programs.report(program);
  }

  async stats(): Promise<NativeStats> {
    checkOpen(this);
    const counts = { ...this.#counts };
    return { ...(await this.#setup.vocabulary.stats()), ...counts, running: this.#calls.size, waiting: 0 };
  }

  async snapshot(): Promise<NativeSnapshot> {
    checkOpen(this);
    throw new BanyanError('MODEL_UNSUPPORTED', 'An engine elsewhere shows nothing of what it holds');
  }

  watchDecisions(listener: ((decision: NativeDecision) => void) | undefined): void {
    if (listener) checkOpen(this);
    this.#router.onDecision = listener;
  }

  record(recorder: Recorder | undefined): void {
    this.#router.recorder = recorder;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#closed = true;
    const { vocabulary, members, servers } = this.#setup;
    servers.close();
    const closing = vocabulary.close(); // from here on its calls are CLOSED, too
    const calls = [...this.#calls.values()];
    for (const call of calls) call.cancel();
    await Promise.all(calls.map(({ done }) => done));
    this.#router.close();
    await Promise.all([closing, ...members.map((member) => member.close())]);
  }

  #wireOf(asked: BackendRequest): Omit<WireRequest, 'model' | 'priorities' | 'kept'> {
    const room = this.info.maxContext - asked.prompt.length;
    const maxTokens = Math.max(1, asked.maxTokens < 0 ? room : Math.min(asked.maxTokens, room));
    const { aliases } = this.#setup;
    return {
      asked,
      prompt: [...asked.prompt],
      maxTokens,
      grammar: (asked.grammar && this.#schemas.get(asked.grammar)) ?? this.#grammarOf(asked.chat),
      salt: aliases.tenant(asked.salt),
      format: (asked.chat && this.#formats.get(asked.chat)) ?? undefined,
      session: aliases.program(asked.program),
      client: aliases.client,
    };
  }

  #grammarOf(format: ChatFormat | null): WireGrammar | undefined {
    const { grammar: gbnf, begun } = this.#setup.vocabulary.chatGrammar(format);
    return gbnf === '' ? undefined : { gbnf, begun, jsonSchema: '' };
  }

  #tellArrival(request: number, { prompt, class: level, program }: BackendRequest): void {
    if (!this.#router.onDecision) return;
    const text = `request ${request} of ${prompt.length} tokens is sent to an engine elsewhere`;
    const about = { at: performance.now(), kind: 'arrive' as const, program, request, text };
    const decision = { ...about, promptTokens: prompt.length, class: level };
    setImmediate(() => this.#router.deliver([{ type: 'decision', request: 0, decision }]));
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
    this.#router.deliver(events);
  }
}
