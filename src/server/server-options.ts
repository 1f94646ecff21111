import { checkFlag, checkInteger, checkName, checkOneOf, invalidOption } from '../kit/option-checks.js';
import { readOptions } from '../kit/read-options.js';

/** How a server listens, whom it lets in, and what it takes. */
export interface ServerOptions {
  /** Address to listen on. Default `127.0.0.1`: this machine only. Any other address needs `apiKeys` or `noAuth`. */
  host?: string | undefined;
  /** Port, 0 to 65,535; 0: a free one, see `Server.url`. Default 8080. */
  port?: number | undefined;
  /** Keys that clients send as `Authorization: Bearer <key>` or `x-api-key: <key>`. Default none: every client is let in. */
  apiKeys?: readonly string[] | undefined;
  /** Listens on an address of the network without keys. Default false. */
  noAuth?: boolean | undefined;
  /** Origins of web pages that may call, such as `https://chat.example`. Default none. */
  corsOrigins?: readonly string[] | undefined;
  /** Name of the model in answers and in the list of models. Default: the name in the model file, else its architecture. */
  modelName?: string | undefined;
  /**
   * How a conversation goes on that the client sends whole each time. `exact`, the default: from the tokens that were computed,
   * so that only what is new is, and the model keeps its reasoning of earlier turns. `rendered`: as the chat template prints it.
   */
  history?: 'exact' | 'rendered' | undefined;
  /**
   * Milliseconds within which the first token is to be expected; a request that would wait longer is answered with 429 and the
   * time to come back. A client's header `x-banyan-ttft-limit-ms` takes its place. Default: none, it waits as long as it takes.
   */
  ttftLimitMs?: number | undefined;
  /** Largest body of a request, bytes. Default 32 MiB; a larger one is answered with 413. */
  maxBodyBytes?: number | undefined;
  /** Milliseconds of silence after which a stream gets a sign of life. Default 10,000. */
  keepAliveMs?: number | undefined;
  /** Milliseconds that answers under way get to end when the server closes. Default 30,000. */
  drainMs?: number | undefined;
}

export interface ServerSettings {
  host: string;
  port: number;
  apiKeys: string[];
  corsOrigins: string[];
  modelName: string | undefined;
  history: 'exact' | 'rendered';
  ttftLimitMs: number | undefined;
  maxBodyBytes: number;
  keepAliveMs: number;
  drainMs: number;
}

const KEYS = [
  'ttftLimitMs',
  ...[
    'host',
    'port',
    'apiKeys',
    'noAuth',
    'corsOrigins',
    'modelName',
    'history',
    'maxBodyBytes',
    'keepAliveMs',
    'drainMs',
  ],
] as const satisfies (keyof ServerOptions)[];
const LONGEST_MS = 24 * 3_600_000;

/** Throws INVALID_OPTION. */
export function readServerOptions(given: ServerOptions): ServerSettings {
  const options = readOptions('options', given, KEYS);
  const settings: ServerSettings = {
    host: checkName('host', options.host ?? '127.0.0.1'),
    port: checkInteger('port', options.port ?? 8080, 0, 65_535),
    apiKeys: names('apiKeys', options.apiKeys ?? []),
    corsOrigins: names('corsOrigins', options.corsOrigins ?? []),
    modelName: options.modelName === undefined ? undefined : checkName('modelName', options.modelName),
    history: checkOneOf('history', options.history ?? 'exact', ['exact', 'rendered']),
    ttftLimitMs:
      options.ttftLimitMs === undefined ? undefined : checkInteger('ttftLimitMs', options.ttftLimitMs, 1, LONGEST_MS),
    maxBodyBytes: checkInteger('maxBodyBytes', options.maxBodyBytes ?? 32 * 2 ** 20, 1_024, 2 ** 30),
    keepAliveMs: checkInteger('keepAliveMs', options.keepAliveMs ?? 10_000, 10, LONGEST_MS),
    drainMs: checkInteger('drainMs', options.drainMs ?? 30_000, 0, LONGEST_MS),
  };
  const open = settings.apiKeys.length === 0 && !checkFlag('noAuth', options.noAuth ?? false);
  if (open && !isLoopback(settings.host)) {
    throw invalidOption('host', 'a loopback address unless `apiKeys` or `noAuth` is given', settings.host);
  }
  return settings;
}

function names(field: string, list: readonly string[]): string[] {
  if (!Array.isArray(list)) throw invalidOption(field, 'a list of strings', list);
  return list.map((name, index) => {
    if (checkName(`${field}[${index}]`, name) === '') throw invalidOption(`${field}[${index}]`, 'a text', name);
    return name;
  });
}

/** Is this an address that only programs of this machine reach? */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);
}
