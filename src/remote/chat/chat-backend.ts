import { type BackendRequest, checkOpen, type RequestSink } from '../../backend/backend.js';
import { BanyanError } from '../../kit/errors.js';
import type { ChatFormat, ChatInput, Grammar, RenderedChat } from '../../native/binding.js';
import type { NativeModelInfo, NativeStats } from '../../native/reports.js';
import { Aliases } from '../aliases.js';
import { FarBackend } from '../far-backend.js';
import { NO_STATS } from '../no-stats.js';
import type { ServerStats } from '../server-stats.js';
import { ChatCall } from './chat-call.js';
import { chatInfo } from './chat-info.js';
import type { ChatModel } from './chat-model.js';
import { toCallOptions } from './chat-options.js';
import { Kept } from './kept.js';

const NO_TOKENS = new Int32Array(0);

/** A model of the AI SDK, with the promises of Backend as far as messages go: it is told conversations, and no token ids are known. */
export class ChatBackend extends FarBackend {
  readonly info: NativeModelInfo;
  readonly inMessages = true;
  readonly #model: ChatModel;
  readonly #name: string;
  readonly #times: { idleMs: number; firstTokenMs: number };
  readonly #aliases = new Aliases(undefined);
  readonly #kept = new Kept();
  readonly #chats = new WeakMap<ChatFormat, ChatInput>();

  constructor(model: ChatModel, times: { idleMs: number; firstTokenMs: number }) {
    super();
    this.#model = model;
    this.#times = times;
    this.#name = `${model.provider} ${model.modelId}`;
    this.info = chatInfo(model);
  }

  /** None that is known apart from the provider. */
  servers(): ServerStats[] {
    return [];
  }

  async drain(url: string): Promise<void> {
    checkOpen(this);
    throw new BanyanError('INVALID_OPTION', `There is no server ${url}`, { field: 'url' });
  }

  submit(asked: BackendRequest, sink: RequestSink): number {
    checkOpen(this);
    const chat = asked.chat && this.#chats.get(asked.chat);
    if (!chat) throw inWords('prompt');
    const options = toCallOptions(asked, chat, this.#kept, this.#aliases.program(asked.program));
    const oneCall = !chat.parallelToolCalls;
    const [model, name, kept, progress] = [this.#model, this.#name, this.#kept, asked.progress];
    const setup = { model, name, options, kept, progress, oneCall, ...this.#times };
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

  protected release() {
    return { whileEnding: Promise.resolve(), after: () => Promise.resolve() };
  }
}

function inWords(field: string): BanyanError {
  const message = 'The tokens of a model in chat mode are not known: ask it with messages';
  return new BanyanError('MODEL_UNSUPPORTED', message, { field });
}
