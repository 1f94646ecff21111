import { complete } from '../kit/complete-options.js';
import { checkName, invalidOption } from '../kit/option-checks.js';
import { readTable } from '../kit/option-table.js';
import { readList } from '../kit/read-options.js';
import { type Complete, flag, name, number, type OptionsOf, other, text, word } from '../native/option-kinds.js';
import { readRules, type TextRule } from '../stateless/cache/rules.js';
import { type Aliases, readAliases } from './models/aliases.js';

const DAY_MS = 24 * 3_600_000;
const names = () => other<string[]>('a list of texts', readNames, []);

/** The table of ServerOptions. */
export const SERVER = {
  /** Address to listen on. Default `127.0.0.1`: this machine only. Any other address needs `apiKeys`, `keysFile` or `noAuth`. */
  host: name('127.0.0.1'),
  /** Port, 0 to 65,535; 0: a free one, see `Server.url`. Default 8,080. */
  port: number({ min: 0, max: 65_535, whole: true }, 8_080),
  /** Keys that clients send as `Authorization: Bearer <key>` or `x-api-key: <key>`. Default: none, every client is let in. */
  apiKeys: names(),
  /**
   * Keys by tenant: a JSON file, see docs/operating.md. Tenants share no pages, conversations or responses, and have limits of their
   * own; `Server.reloadKeys()` reads it again. Default: none.
   */
  keysFile: name(),
  /** Leave to listen on an address of the network without keys. Default false. */
  noAuth: flag(false),
  /** Origins of web pages that may call, such as `https://chat.example`. Default: none. */
  corsOrigins: names(),
  /** Name of the one model in answers and in the list of models. Default: the name in the model file, else its architecture. */
  modelName: name(),
  /** Other names of several models: `{ 'gpt-4o': 'large', 'claude-*': 'small' }`, where `*` is any characters. Default: none. */
  aliases: other<Aliases>('an object of names of models', readAliases, {}),
  /**
   * How a conversation goes on that the client sends whole each time. `exact`: from the tokens that were computed, so that only
   * what is new is, and the model keeps its reasoning of earlier turns. `rendered`: as the chat template prints it. Default
   * `exact`.
   */
  history: word(['exact', 'rendered'] as const, 'exact'),
  /**
   * Milliseconds within which the first token is to be expected, 1 to 86,400,000; a request that would wait longer is answered
   * with 429 and the time to come back. A client's header `x-banyan-ttft-limit-ms` takes its place. Default: none, it waits as
   * long as it takes.
   */
  ttftLimitMs: number({ min: 1, max: DAY_MS, whole: true }),
  /**
   * Most tokens of a chat's answer whose request names no limit, 1 to 1,073,741,824. Default: to the end of the context, as
   * other local servers have it.
   */
  defaultMaxTokens: number({ min: 1, max: 2 ** 30, whole: true }),
  /** Temperature of an answer whose request names none, 0 to 2. Default: the model file's, else 0.8. */
  defaultTemperature: number({ min: 0, max: 2, whole: false }),
  /** Part of all pages that clients' cache marks may pin, 0 to 1; beyond it a mark is advice. Default 0.3. */
  pinShare: number({ min: 0, max: 1, whole: false }, 0.3),
  /** What becomes of lines of the instructions that are new in every request, such as the date. Default: they stay. */
  rules: other<readonly TextRule[]>('a list of { name, pattern, action }', readRules, []),
  /** Bytes of the largest body of a request, 1,024 to 1,073,741,824; a larger one is answered with 413. Default 33,554,432. */
  maxBodyBytes: number({ min: 1_024, max: 2 ** 30, whole: true }, 32 * 2 ** 20),
  /** Milliseconds of silence after which a stream gets a sign of life, 10 to 86,400,000. Default 10,000. */
  keepAliveMs: number({ min: 10, max: DAY_MS, whole: true }, 10_000),
  /**
   * Milliseconds between two writes of a stream whose text grows, 0 to 1,000: quicker tokens leave together, as a write costs more
   * than all else of a token. The first token, calls and the end never wait. Where writing takes more than a twentieth of the thread's
   * time (over 100 streams at once) it comes less often, at least every 200 ms. 0: each step's tokens leave at once. Default 10.
   */
  gatherMs: number({ min: 0, max: 1_000, whole: true }, 10),
  /**
   * Answers that may wait for the engine beside those that it computes at once, 0 to 1,000,000; more get 429 and the time to come
   * back. Default: 16 for each of the engine's `maxRunning`.
   */
  maxWaiting: number({ min: 0, max: 1_000_000, whole: true }),
  /** Milliseconds within which a request must have come whole, 100 to 86,400,000; else 408. Default 300,000. */
  receiveMs: number({ min: 100, max: DAY_MS, whole: true }, 300_000),
  /** A certificate in PEM, with those that it stands on, by which the server speaks TLS. Needs `tlsKey`. Default: none. */
  tlsCert: text(),
  /** Private key of `tlsCert`, in PEM. Default: none. */
  tlsKey: text(),
  /** Counts what the server and its engine do, for Prometheus, at `/metrics`. Default true. */
  metrics: flag(true),
  /**
   * Lets an administrator give one of several models another file, by POST /v1/models/swap: it names any file that this process may read,
   * or an address to download from. Needs `apiKeys` or `keysFile`. Default false.
   */
  swaps: flag(false),
  /** Shows an administrator at `/inspector` what the engine holds and what waits; it asks the engine nothing while no page is open. Default true. */
  inspector: flag(true),
  /**
   * Lets an administrator read in the inspector the text of one call at a time, of any tenant, and keeps the tokens of the latest calls for
   * that: at most 4,194,304. Each look is an entry of the engine's audit log (`engine.audit()`), and without such a log there is none. Over the
   * network it needs `apiKeys` or `keysFile`. Default false.
   */
  inspectorText: flag(false),
  /** File that gets a line of JSON a request, without any text of it; `-`: the standard output. Default: none. */
  accessLog: name(),
  /**
   * Milliseconds that a server which closes goes on to take new clients, 0 to 86,400,000, so that who watches /ready sees 503 and
   * sends them elsewhere. Default 0.
   */
  drainDelayMs: number({ min: 0, max: DAY_MS, whole: true }, 0),
  /** Milliseconds that answers under way get to end when the server closes, 0 to 86,400,000. Default 30,000. */
  drainMs: number({ min: 0, max: DAY_MS, whole: true }, 30_000),
};

/** How a server listens, whom it lets in, and what it takes. */
export interface ServerOptions extends OptionsOf<typeof SERVER> {}

/** Options without a default of their own. */
type Open =
  | 'keysFile'
  | 'modelName'
  | 'ttftLimitMs'
  | 'defaultMaxTokens'
  | 'defaultTemperature'
  | 'maxWaiting'
  | 'tlsCert'
  | 'tlsKey'
  | 'accessLog';

/** All of them, set where there is a default. */
export type ServerSettings = Omit<Complete<typeof SERVER>, Open> & {
  [Name in Open]: Complete<typeof SERVER>[Name] | undefined;
};

/** Throws INVALID_OPTION. */
export function readServerOptions(given: ServerOptions): ServerSettings {
  const settings = complete(SERVER, readTable('options', given, SERVER));
  if ((settings.tlsCert === undefined) !== (settings.tlsKey === undefined)) {
    const missing = settings.tlsCert === undefined ? 'tlsCert' : 'tlsKey';
    throw invalidOption(missing, 'given: a certificate and its key go together', undefined);
  }
  const keyless = settings.apiKeys.length === 0 && settings.keysFile === undefined;
  if (settings.swaps && keyless) {
    throw invalidOption('swaps', 'left out without `apiKeys` or `keysFile`: a web page could ask for one', true);
  }
  const open = keyless && !settings.noAuth;
  if (settings.inspectorText && !settings.inspector) {
    throw invalidOption('inspectorText', 'left out where `inspector` is false', true);
  }
  if (settings.inspectorText && keyless && !isLoopback(settings.host)) {
    throw invalidOption('inspectorText', 'left out where the network is let in without keys', true);
  }
  if (open && !isLoopback(settings.host)) {
    throw invalidOption('host', 'a loopback address unless `apiKeys`, `keysFile` or `noAuth` is given', settings.host);
  }
  return settings;
}

function readNames(field: string, list: unknown): string[] {
  return readList(field, list as readonly string[], 'a list of strings').map((name, index) => {
    if (checkName(`${field}[${index}]`, name) === '') throw invalidOption(`${field}[${index}]`, 'a text', name);
    return name;
  });
}

/** Is this an address that only programs of this machine reach? */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);
}
