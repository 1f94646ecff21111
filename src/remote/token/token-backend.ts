import { type BackendRequest, checkOpen, type RequestSink } from '../../backend/backend.js';
import type { Vocabulary } from '../../backend/vocabulary.js';
import type { ChatFormat, ChatInput, Grammar, NativeHint, RenderedChat } from '../../native/binding.js';
import type { NativeModelInfo } from '../../native/reports/model-info.js';
import type { NativeStats } from '../../native/reports/stats.js';
import type { Aliases } from '../aliases.js';
import type { WireFormat, WireGrammar, WireRequest } from '../dialects/dialect.js';
import { schemaGrammar } from '../dialects/schema-grammar.js';
import { wireFormat } from '../dialects/wire-format.js';
import { FarBackend } from '../far-backend.js';
import type { ServerStats } from '../server-stats.js';
import type { Pooled } from '../servers/pooled.js';
import type { Servers } from '../servers/trip.js';
import { Hints } from './hints.js';
import type { Member } from './member.js';
import { sayable } from './sayable.js';
import { TokenCall } from './token-call.js';

/** Requests that a server runs at the same time, as far as is known: as many as an engine does by default. */
const RUNNING = 16;

/** What a TokenBackend is made of. */
export interface TokenSetup {
  vocabulary: Vocabulary;
  members: readonly Member[];
  servers: Pooled<Member>;
  /** What calls go through, where it is not the servers themselves. */
  calls?: Servers<Member> | undefined;
  aliases: Aliases;
  idleMs: number;
  firstTokenMs: number;
}

/** Engines elsewhere, with the promises of Backend: token ids go there and come back, words are made and read here. */
export class TokenBackend extends FarBackend {
  readonly info: NativeModelInfo;
  readonly #setup: TokenSetup;
  readonly #hints: Hints;
  /** One of each kind of member: what one of them can be asked, all of its kind can. */
  readonly #kinds: readonly Member[];
  readonly #schemas = new WeakMap<Grammar, WireGrammar>();
  readonly #formats = new WeakMap<ChatFormat, WireFormat>();

  constructor(setup: TokenSetup) {
    super();
    this.#setup = setup;
    const { vocabulary, members } = setup;
    this.#hints = new Hints(setup.calls ?? setup.servers, setup.aliases);
    const kindOf = ({ dialect, priorities }: Member) => `${dialect.name} ${priorities}`;
    this.#kinds = [...new Map(members.map((member) => [kindOf(member), member])).values()];
    const [first] = members;
    const advice = sayable(
      vocabulary.info,
      members.map(({ dialect }) => dialect),
    );
    const maxRunning = RUNNING * members.length;
    this.info = { ...vocabulary.info, ...advice, maxRunning, backend: first?.dialect.name ?? '', kernel: 'remote' };
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
    for (const { dialect, model, priorities } of this.#kinds) dialect.body({ ...wire, kept: 0, model, priorities });
    return this.begin(
      asked,
      sink,
      (id, deliver) => new TokenCall({ id, wire, reader, vocabulary, servers, idleMs, firstTokenMs, deliver }),
    );
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

  override hint(program: number, hint: NativeHint): void {
    super.hint(program, hint);
    this.#hints.tell(program, hint);
  }

  async stats(): Promise<NativeStats> {
    checkOpen(this);
    return { ...(await this.#setup.vocabulary.stats()), ...this.counts };
  }

  protected release() {
    const { vocabulary, members, servers } = this.#setup;
    servers.close();
    // From here on calls of the vocabulary are CLOSED, too.
    return { whileEnding: vocabulary.close(), after: () => Promise.all(members.map((member) => member.close())) };
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
}
