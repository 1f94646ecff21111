import { checkFlag, checkName, checkOneOf, checkText, invalidOption } from '../kit/option-checks.js';
import { readFields, readList, readOptions } from '../kit/read-options.js';
import type { LoadProgress } from '../model/model-source.js';
import { LOAD } from '../native/load-options.js';
import { callback, number, type OptionsOf, other, signal, text, word } from '../native/option-kinds.js';
import type { ChatModel } from './chat/chat-model.js';
import { DIALECT_NAMES, type DialectName } from './dialects/dialect.js';

const MILLIS = { min: 1, max: 86_400_000, whole: true };

/** One of several servers that run the same model. */
export interface RemoteServer {
  /** `http://`, `https://` or `unix:` with the path of a socket. */
  url: string;
  /** What it speaks. Default: as it says itself. */
  dialect?: DialectName | undefined;
  /** The model's name there. Default: the first one that it lists. */
  servedModel?: string | undefined;
  /** Headers of each request to it, such as `authorization`. */
  headers?: Readonly<Record<string, string>> | undefined;
  /** It schedules by priority, which is sent then. Default false: vLLM refuses priorities unless it was started for them. */
  priorities?: boolean | undefined;
}

/** One of several language models of the AI SDK that are the same model: at other addresses, under other keys, of other providers. */
export interface ChatServer {
  /** See `chat` of the options. */
  chat: ChatModel;
  /** How `servers()`, `drain()` and errors call it. Default: its provider and model id, with a number where that is taken. */
  name?: string | undefined;
}

/** The table of RemoteOptions. */
export const REMOTE = {
  /**
   * Language model of the AI SDK, such as `openai.chat('...')` or `anthropic('...')`: it is told messages, and no token ids are known
   * (chat mode). Give this, `url` or `backends`; of the other options only `idleMs`, `firstTokenMs` and `signal` go with it, and with several of them `restMs`.
   */
  chat: other<ChatModel>('a language model of the AI SDK', readChatModel),
  /** Address of the server: `http://`, `https://`, or `unix:` with the path of a socket. Give this or `backends`. */
  url: text(),
  /**
   * Servers of the same model, 1 to 16, each `{ url, dialect, servedModel, headers, priorities }`; or language models of the AI SDK, each
   * `{ chat, name }`, but no mixture of both. Give this or `url`.
   */
  backends: other<readonly RemoteServer[] | readonly ChatServer[]>('a list of 1 to 16 servers', readServers),
  /** GGUF of the model, of which only the vocabulary and the chat template are read: a path, `hf:user/repo:quant` or a URL. Default: the package's small model. */
  model: text(),
  /** What the server speaks. Default: as it says itself. */
  dialect: word(DIALECT_NAMES),
  /** The model's name there. Default: the first one that it lists. */
  servedModel: text(),
  /** Headers of each request, such as `authorization`. Default: none. */
  headers: other<Readonly<Record<string, string>>>('an object of texts', readHeaders),
  /** Tokens that a request may reach there, 0 to 1,073,741,824; 0: as the server says, else what the model was trained for. Default 0. */
  maxContext: LOAD.maxContext,
  /** Jinja template in place of the model's own. */
  chatTemplate: text(),
  toolFormat: LOAD.toolFormat,
  /** Folder of downloaded models. */
  modelsDirectory: text(),
  /** Secret by which tenants' names become salts: the same one in each process that is to find what another one cached. Default: random. */
  tenantSecret: text(),
  /** Milliseconds between two tokens after which a stream counts as broken, 1 to 86,400,000. Default 30,000. */
  idleMs: number(MILLIS, 30_000),
  /** Milliseconds to the first token after which a try counts as failed, 1 to 86,400,000. Default 600,000. */
  firstTokenMs: number(MILLIS, 600_000),
  /** Milliseconds for which one of several servers is left alone once it failed three times in a row, 1 to 86,400,000; then it is probed. Default 5,000. */
  restMs: number(MILLIS, 5_000),
  /** Callback that hears of the download: `stage`, and `fraction` in [0, 1]. */
  onProgress: callback<(progress: LoadProgress) => void>(),
  /** Signal that ends connecting; it then rejects with ABORTED. */
  signal: signal(),
};

/** Options of RemoteEngine.connect(). */
export interface RemoteOptions extends OptionsOf<typeof REMOTE> {}

const WITH_CHAT: readonly string[] = ['idleMs', 'firstTokenMs', 'onProgress', 'signal'];

/** The language models of chat mode; undefined: none is given. Throws INVALID_OPTION, also for an option that means nothing with them. */
export function chatServersOf(options: RemoteOptions): readonly ChatServer[] | undefined {
  const { chat, backends } = options;
  const [servers, own] = chat ? [[{ chat }], ['chat']] : [chatOnly(backends), ['backends', 'restMs']];
  if (!servers) return undefined;
  for (const [name, value] of Object.entries(options)) {
    const goes = WITH_CHAT.includes(name) || own.includes(name);
    if (value !== undefined && !goes) throw invalidOption(name, 'left out with `chat`', value);
  }
  return servers;
}

/** What a session holds is tokens with the ones and messages with the others: it cannot go from one to the other. */
function chatOnly(backends: RemoteOptions['backends']): readonly ChatServer[] | undefined {
  const list: readonly (RemoteServer | ChatServer)[] = backends ?? [];
  const chats = list.filter((one) => 'chat' in one);
  if (chats.length === 0) return undefined;
  if (chats.length === list.length) return chats;
  const at = list.findIndex((one) => !('chat' in one));
  const wanted = 'a language model as the others are: token ids and messages do not go together';
  throw invalidOption(`backends[${at}]`, wanted, list[at]);
}

function readChatModel(field: string, value: unknown): ChatModel {
  const { specificationVersion: version, doStream } = Object(value) as Partial<ChatModel>;
  if ((version === 'v3' || version === 'v4') && typeof doStream === 'function') return value as ChatModel;
  throw invalidOption(field, 'a language model of the AI SDK, version 3 or 4 of its interface', value);
}

/** Throws INVALID_OPTION unless there is either a url or backends. */
export function serversOf(options: RemoteOptions): readonly RemoteServer[] {
  const { url, backends, dialect, servedModel, headers } = options;
  if (backends && url === undefined) return backends as readonly RemoteServer[]; // those of chat mode were taken before
  if (url === undefined || backends) throw invalidOption('url', 'given, or else backends', url);
  return [{ url, dialect, servedModel, headers }];
}

function readServers(field: string, value: unknown): readonly RemoteServer[] | readonly ChatServer[] {
  const list = readList(field, value as readonly RemoteServer[]);
  if (list.length < 1 || list.length > 16) throw invalidOption(field, 'a list of 1 to 16 servers', value);
  const isChat = (one: object) => 'chat' in Object(one);
  return list.map((one, at) =>
    (isChat(one) ? readChatServer : readServer)(`${field}[${at}]`, one),
  ) as readonly RemoteServer[];
}

function readChatServer(field: string, value: unknown): ChatServer {
  const { chat, name } = readOptions(field, value as ChatServer, ['chat', 'name']);
  return {
    chat: readChatModel(`${field}.chat`, chat),
    ...(name !== undefined && { name: checkName(`${field}.name`, name) }),
  };
}

function readServer(field: string, value: RemoteServer): RemoteServer {
  const known = ['url', 'dialect', 'servedModel', 'headers', 'priorities'] as const;
  const { url, dialect, servedModel, headers, priorities } = readOptions(field, value, [...known]);
  return {
    url: checkText(`${field}.url`, url),
    ...(dialect !== undefined && { dialect: checkOneOf(`${field}.dialect`, dialect, DIALECT_NAMES) }),
    ...(servedModel !== undefined && { servedModel: checkName(`${field}.servedModel`, servedModel) }),
    ...(headers !== undefined && { headers: readHeaders(`${field}.headers`, headers) }),
    ...(priorities !== undefined && { priorities: checkFlag(`${field}.priorities`, priorities) }),
  };
}

function readHeaders(field: string, value: unknown): Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null) throw invalidOption(field, 'an object of texts', value);
  const headers: Record<string, string> = {};
  for (const [name, text] of Object.entries(readFields(field, value as Record<string, unknown>))) {
    headers[name.toLowerCase()] = checkText(`${field}.${name}`, text);
  }
  return headers;
}
