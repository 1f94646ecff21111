import { readFileSync } from 'node:fs';
import { type Command, InvalidArgumentError } from 'commander';
import { ENGINE, type EngineOptions } from '../engine/engine-options.js';
import { TURN, type TurnOptions } from '../engine/request-options.js';
import { SESSION_OWN } from '../engine/session-options.js';
import { BanyanError } from '../kit/errors.js';
import { SERVER, type ServerOptions } from '../server/server-options.js';
import { type CacheFlags, cacheOf } from './cache/cache-place.js';
import { optionFlag } from './flags/option-flag.js';
import { withModelsFlags } from './models.js';

export interface MachineFlags extends Pick<EngineOptions, 'threads' | 'kvTokens' | 'maxContext'>, CacheFlags {}

export interface EngineFlags extends MachineFlags, Pick<EngineOptions, 'model' | 'draftModel'> {}

export interface AnswerFlags extends EngineFlags, Pick<TurnOptions, 'maxTokens' | 'temperature' | 'seed'> {
  system?: string;
  thinking: boolean;
}

/** Flags of every command: which model, and how much of the machine it gets. */
export function withEngineFlags(command: Command): Command {
  return withMachineFlags(
    command
      .option('--model <path|hf:user/repo:quant|url>', 'a GGUF; default: the small model of the package')
      .option(
        '--draft-model <path|hf:user/repo:quant|url|mtp>',
        "a smaller model of the same vocabulary, an EAGLE-3 head, or mtp, the model's own MTP layer: drafts tokens where that pays",
      ),
  );
}

function withMachineFlags(command: Command): Command {
  return command
    .addOption(
      optionFlag(
        ENGINE,
        'threads',
        '--threads <n>',
        'compute threads; 0: one a physical core (default; 1 for the small model)',
      ),
    )
    .addOption(
      optionFlag(ENGINE, 'kvTokens', '--kv-tokens <n>', 'tokens of the page pool; 0: chosen from the free memory'),
    )
    .addOption(
      optionFlag(
        ENGINE,
        'maxContext',
        '--max-context <n>',
        "most tokens of a prompt with its answer; default: the model's, as far as the pool allows",
      ),
    )
    .option('--cache-dir <path>', 'where pages of the KV cache outlive the process; default: ~/.cache/banyan/kv')
    .option('--no-disk-cache', 'pages of the KV cache are in memory only');
}

/** Flags of the commands that answer. */
export function withAnswerFlags(command: Command): Command {
  return withEngineFlags(command)
    .addOption(optionFlag(SESSION_OWN, 'system', '--system <text>', 'what the model is told before the conversation'))
    .addOption(optionFlag(TURN, 'maxTokens', '--max-tokens <n>', 'most tokens of an answer'))
    .addOption(
      optionFlag(
        TURN,
        'temperature',
        '--temperature <t>',
        "0 takes the likeliest token; default: the model file's, else 0.8",
      ),
    )
    .addOption(optionFlag(TURN, 'seed', '--seed <n>', 'same seed, same choice'))
    .option('--no-thinking', 'a reasoning model answers at once');
}

/** `named`: a model that was named by its place. Throws INVALID_OPTION when there are two. */
export function engineOptions(
  { model, draftModel, threads, kvTokens, maxContext, ...cache }: EngineFlags,
  named?: string,
): EngineOptions {
  if (model !== undefined && named !== undefined) {
    throw new BanyanError('INVALID_OPTION', `Two models: ${named} and --model ${model}`, { field: 'model' });
  }
  return { model: named ?? model, draftModel, threads, kvTokens, maxContext, cache: cacheOf(cache) };
}

export function answerOptions({ maxTokens, temperature, seed, thinking }: AnswerFlags): TurnOptions {
  return { maxTokens, temperature, seed, thinking };
}

type ServeOptions =
  | 'host'
  | 'port'
  | 'modelName'
  | 'history'
  | 'ttftLimitMs'
  | 'accessLog'
  | 'defaultMaxTokens'
  | 'defaultTemperature'
  | 'pinShare'
  | 'metrics'
  | 'inspector'
  | 'inspectorText'
  | 'swaps'
  | 'keysFile'
  | keyof typeof LOAD_FLAGS;

export interface ServeFlags extends Pick<ServerOptions, ServeOptions> {
  /** Paths, of files that hold what the options are. */
  tlsCert?: string;
  tlsKey?: string;
  rules?: string;
  apiKeyFile?: string;
  auth: boolean;
  corsOrigin?: string[];
}

/** What a server does with more than it can do. */
const LOAD_FLAGS = {
  maxWaiting: 'answers that may wait; more get 429; default: 16 for each at once',
  drainDelayMs: 'when it stops: how long it takes new clients while /ready says 503; default 0',
  drainMs: 'when it stops: how long answers under way get to end; default 30,000',
} as const;

function withLoadFlags(command: Command): Command {
  for (const name of Object.keys(LOAD_FLAGS) as (keyof typeof LOAD_FLAGS)[]) {
    const flag = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    command.addOption(optionFlag(SERVER, name, `--${flag} <n>`, LOAD_FLAGS[name]));
  }
  return command;
}

/** Flags of the command that serves. What they leave open is the server's default. */
export function withServeFlags(command: Command): Command {
  const { host, port, history } = SERVER;
  return withLoadFlags(withMachineFlags(withModelsFlags(command)))
    .addOption(
      optionFlag(
        SERVER,
        'host',
        '--host <address>',
        'address to listen on; any other than this machine needs keys',
      ).default(host.fallback),
    )
    .addOption(optionFlag(SERVER, 'port', '--port <n>', 'port; 0: a free one').default(port.fallback))
    .option('--api-key-file <path>', 'a file with a key in each line that clients must send one of')
    .addOption(
      optionFlag(
        SERVER,
        'keysFile',
        '--keys-file <path>',
        'JSON: keys by tenant, with their limits; SIGHUP reads it again',
      ),
    )
    .option('--no-auth', 'let the network in without keys')
    .option('--cors-origin <origin...>', 'web pages that may call, such as https://chat.example')
    .addOption(
      optionFlag(
        SERVER,
        'history',
        '--history <how>',
        'how conversations go on: from their own tokens, or rendered anew',
      ).default(history.fallback),
    )
    .addOption(
      optionFlag(
        SERVER,
        'ttftLimitMs',
        '--ttft-limit-ms <n>',
        'answer 429 rather than let a client wait longer for its first token',
      ),
    )
    .addOption(
      optionFlag(
        SERVER,
        'accessLog',
        '--access-log <path>',
        'a line of JSON a request, without its text; "-": printed',
      ),
    )
    .addOption(
      optionFlag(
        SERVER,
        'pinShare',
        '--pin-share <part>',
        "part of the cache that clients' cache marks may pin, 0 to 1",
      ),
    )
    .addOption(
      optionFlag(
        SERVER,
        'defaultMaxTokens',
        '--default-max-tokens <n>',
        'most tokens of an answer where a request names no limit; default: to the end of the context',
      ),
    )
    .addOption(
      optionFlag(
        SERVER,
        'defaultTemperature',
        '--default-temperature <t>',
        "temperature where a request names none; default: the model file's, else 0.8",
      ),
    )
    .option('--no-metrics', 'no counts for Prometheus at /metrics')
    .option('--no-inspector', 'no page at /inspector that shows an administrator what the engine holds')
    .option(
      '--inspector-text',
      'lets an administrator read the text of one call at a time at /inspector; needs --audit, which records each look',
      false,
    )
    .option('--swaps', 'lets an administrator give a model another file: `banyan models swap`; needs keys', false)
    .option('--rules <path>', 'JSON: what becomes of lines of the instructions that are new in every request')
    .option('--tls-cert <path>', 'a certificate in PEM: it speaks https; needs --tls-key')
    .option('--tls-key <path>', 'the key of --tls-cert, in PEM')
    .addOption(
      optionFlag(SERVER, 'modelName', '--model-name <name>', 'name of the one model in answers; default: its own'),
    );
}

/** Throws INVALID_OPTION when a file that is named cannot be read, or there is nothing in it. */
export function serverOptions({ apiKeyFile, auth, corsOrigin, ...flags }: ServeFlags): ServerOptions {
  const apiKeys = apiKeyFile === undefined ? undefined : keysOf(apiKeyFile);
  const { tlsCert, tlsKey, rules: rulesFile, ...others } = flags;
  const tls = { tlsCert: pemOf('--tls-cert', 'tlsCert', tlsCert), tlsKey: pemOf('--tls-key', 'tlsKey', tlsKey) };
  const { host, port, modelName, history, ttftLimitMs, accessLog, pinShare, metrics, keysFile, swaps } = others;
  const { inspector, inspectorText } = others;
  const { maxWaiting, drainDelayMs, drainMs, defaultMaxTokens, defaultTemperature } = others;
  const named = {
    host,
    port,
    modelName,
    history,
    ttftLimitMs,
    accessLog,
    pinShare,
    metrics,
    inspector,
    inspectorText,
    keysFile,
    swaps,
  };
  const limits = { maxWaiting, drainDelayMs, drainMs, defaultMaxTokens, defaultTemperature };
  const rules = rulesFile === undefined ? undefined : rulesOf(rulesFile);
  return { ...named, ...limits, ...tls, rules, apiKeys, noAuth: !auth, corsOrigins: corsOrigin };
}

/** The number of a flag, 0 to 100. */
export function toPercent(text: string): number {
  const percent = /^(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : Number.NaN;
  if (percent >= 0 && percent <= 100) return percent;
  throw new InvalidArgumentError('It must be a number from 0 to 100.');
}

/** What is in it is checked by the server. */
function rulesOf(path: string): NonNullable<ServerOptions['rules']> {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new BanyanError('INVALID_OPTION', `--rules ${path}: ${(cause as Error).message}`, { field: 'rules', cause });
  }
}

function pemOf(flag: string, field: string, path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new BanyanError('INVALID_OPTION', `${flag} ${path}: ${(cause as Error).message}`, { field, cause });
  }
}

function keysOf(path: string): string[] {
  try {
    const keys = readFileSync(path, 'utf8').split(/\s+/).filter(Boolean);
    if (keys.length > 0) return keys;
    throw new Error('there is no key in it');
  } catch (cause) {
    const { message } = cause as Error;
    throw new BanyanError('INVALID_OPTION', `--api-key-file ${path}: ${message}`, { field: 'apiKeys', cause });
  }
}
