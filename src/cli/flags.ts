import { readFileSync } from 'node:fs';
import { type Command, InvalidArgumentError } from 'commander';
import type { EngineOptions } from '../engine/engine-options.js';
import type { TurnOptions } from '../engine/request-options.js';
import { BanyanError } from '../kit/errors.js';
import type { ServerOptions } from '../server/serve.js';

export interface EngineFlags {
  model?: string;
  threads?: number;
  kvTokens?: number;
}

export interface AnswerFlags extends EngineFlags {
  system?: string;
  maxTokens?: number;
  temperature?: number;
  seed?: number;
  thinking: boolean;
}

/** Flags of every command: which model, and how much of the machine it gets. */
export function withEngineFlags(command: Command): Command {
  return command
    .option('--model <path|hf:user/repo:quant|url>', 'a GGUF; default: the small model of the package')
    .option('--threads <n>', 'compute threads; 0: one a physical core (default; 1 for the small model)', wholeNumber(0))
    .option('--kv-tokens <n>', 'tokens of the page pool; 0: chosen from the free memory', wholeNumber(0));
}

/** Flags of the commands that answer. */
export function withAnswerFlags(command: Command): Command {
  return withEngineFlags(command)
    .option('--system <text>', 'what the model is told before the conversation')
    .option('--max-tokens <n>', 'most tokens of an answer', wholeNumber(1))
    .option('--temperature <t>', '0 takes the likeliest token; default 0.8', aNumber(0))
    .option('--seed <n>', 'same seed, same choice', wholeNumber(0))
    .option('--no-thinking', 'a reasoning model answers at once');
}

/** `named`: a model that was named by its place. Throws INVALID_OPTION when there are two. */
export function engineOptions({ model, threads, kvTokens }: EngineFlags, named?: string): EngineOptions {
  if (model !== undefined && named !== undefined) {
    throw new BanyanError('INVALID_OPTION', `Two models: ${named} and --model ${model}`, { field: 'model' });
  }
  return { model: named ?? model, threads, kvTokens };
}

export function answerOptions({ maxTokens, temperature, seed, thinking }: AnswerFlags): TurnOptions {
  return { maxTokens, temperature, seed, thinking };
}

export interface ServeFlags {
  host: string;
  port: number;
  apiKeyFile?: string;
  auth: boolean;
  corsOrigin?: string[];
  modelName?: string;
  ttftLimitMs?: number;
  history: 'exact' | 'rendered';
}

/** Throws INVALID_OPTION when the file of keys cannot be read or is empty. */
export function serverOptions({ apiKeyFile, auth, corsOrigin, ...flags }: ServeFlags): ServerOptions {
  const apiKeys = apiKeyFile === undefined ? undefined : keysOf(apiKeyFile);
  const { host, port, modelName, history, ttftLimitMs } = flags;
  return { host, port, modelName, history, ttftLimitMs, apiKeys, noAuth: !auth, corsOrigins: corsOrigin };
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

export function wholeNumber(least: number) {
  return (text: string): number => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least) throw new InvalidArgumentError(`a whole number from ${least} on`);
    return value;
  };
}

function aNumber(least: number) {
  return (text: string): number => {
    const value = Number(text);
    if (text.trim() === '' || !(value >= least)) throw new InvalidArgumentError(`a number from ${least} on`);
    return value;
  };
}
