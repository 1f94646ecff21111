import { type BackendRequest, checkOpen, type RequestSink } from '../../backend/backend.js';
import { BanyanError } from '../../kit/errors.js';
import type { ChatFormat, ChatInput, Grammar, NativeHint, RenderedChat } from '../../native/binding.js';
import type { NativeModelInfo } from '../../native/reports/model-info.js';
import type { NativeStats } from '../../native/reports/stats.js';
import { Aliases } from '../aliases.js';
import { FarBackend } from '../far-backend.js';
import { NO_STATS } from '../no-stats.js';
import type { ServerStats } from '../server-stats.js';
import { Pooled } from '../servers/pooled.js';
import { ChatCall } from './chat-call.js';
import { chatInfo } from './chat-info.js';
import type { ChatMember } from './chat-member.js';
import { toCallOptions } from './chat-options.js';
import { parcelOf } from './chat-parcel.js';
import { Kept } from './kept.js';

const NO_TOKENS = new Int32Array(0);

/** Milliseconds; see RemoteOptions. */
interface Times {
  idleMs: number;
  firstTokenMs: number;
  restMs: number;
}

/** Language models of the AI SDK, with the promises of Backend as far as messages go: they are told conversations, and no token ids are known. */
export class ChatBackend extends FarBackend {
  readonly info: NativeModelInfo;
  readonly inMessages = true;
  readonly #servers: Pooled<ChatMember>;
  readonly #times: Times;
  readonly #aliases = new Aliases(undefined);
  readonly #kept = new Kept();
  readonly #chats = new WeakMap<ChatFormat, ChatInput>();

  constructor(members: readonly ChatMember[], times: Times) {
    super();
    this.#servers = new Pooled(members, times.restMs);
    this.#times = times;
    this.info = chatInfo(members.map(({ model }) => model));
  }

  servers(): ServerStats[] {
    return this.#servers.stats();
  }

  async drain(url: string, draining: boolean): Promise<void> {
    checkOpen(this);
    await this.#servers.drain(url, draining);
  }

  submit(asked: BackendRequest, sink: RequestSink): number {
    checkOpen(this);
    const chat = asked.chat && this.#chats.get(asked.chat);
    if (!chat) throw inWords('prompt');
    const options = toCallOptions(asked, chat, this.#kept, this.#aliases.program(asked.program));
    const oneCall = !chat.parallelToolCalls;
    const [servers, kept, progress] = [this.#servers, this.#kept, asked.progress];
    const parcel = parcelOf(chat, asked.program);
    const setup = { servers, parcel, options, kept, progress, oneCall, ...this.#times };
    return this.begin(asked, sink, (id, deliver) => new ChatCall({ ...setup, id, deliver }));
  }

  tokenize(): Int32Array {
    checkOpen(this);
    throw inWords('text');
  }

  async tokenizeLater(): Promise<Int32Array> {
    checkOpen(this);
    throw inWords('prompt');
  }

  /** What a prompt without tokens says. */
  detokenize(tokens: Int32Array): string {
    checkOpen(this);
    if (tokens.length === 0) return '';
    throw inWords('tokens');
  }

  /** Nothing is rendered: the conversation goes as it is. */
  async renderChat(input: ChatInput): Promise<RenderedChat> {
    checkOpen(this);
    const format: ChatFormat = { __brand: 'ChatFormat' };
    this.#chats.set(format, input);
    return { prompt: '', literal: NO_TOKENS, tokens: NO_TOKENS, format };
  }

  async tokenizeChat(): Promise<Int32Array> {
    checkOpen(this);
    throw inWords('prompt');
  }

  async parseGrammar(): Promise<Grammar> {
    checkOpen(this);
    throw inWords('prompt');
  }

  async stats(): Promise<NativeStats> {
    checkOpen(this);
    return { ...NO_STATS, ...this.counts };
  }

  override hint(program: number, hint: NativeHint): void {
    super.hint(program, hint);
    if (hint.kind === 'finished') this.#servers.finished(program);
  }

  protected release() {
    this.#servers.close();
    return { whileEnding: Promise.resolve(), after: () => Promise.resolve() };
  }
}

function inWords(field: string): BanyanError {
  const message = 'The tokens of a model in chat mode are not known: ask it with messages';
  return new BanyanError('MODEL_UNSUPPORTED', message, { field });
}
