import { readFileSync } from 'node:fs';
import { freemem } from 'node:os';
import type { Command } from 'commander';
import type { EngineOptions } from '../engine/engine-options.js';
import { BanyanError } from '../kit/errors.js';
import { invalidOption } from '../kit/option-checks.js';
import { MODELS, type ModelsOptions } from '../models/models-options.js';
import { optionFlag } from './flags/option-flag.js';

/** A name without a slash, so that no path or URL is taken for one. */
const NAMED = /^([\w.:-]+)=(.+)$/s;
/** Of a pool, where nothing is said: one that took what memory is free would leave none to the next model. */
const KV_TOKENS = 16_384;
/** Of the memory that is free, what all models together take. */
const SHARE = 0.8;

export interface ModelsFlags {
  model: string[];
  alias: string[];
  /** Path of a file. */
  models?: string;
  memoryBytes?: number;
  idleMs?: number;
}

/** Several models, and other names of them. */
export interface SeveralModels {
  models: ModelsOptions;
  aliases: Record<string, string>;
}

const gathered = (one: string, before: string[]) => [...before, one];

export function withModelsFlags(command: Command): Command {
  return command
    .option(
      '--model <[name=]path|hf:user/repo:quant|url>',
      'a GGUF; with a name and more than once: several models; default: the small model of the package',
      gathered,
      [],
    )
    .option('--alias <other=name>', 'another name of one of several models; "*" in it is any characters', gathered, [])
    .option('--models <path>', 'JSON: { "models": { name: { "model", "kvTokens", "aliases" ... } }, "memoryBytes" }')
    .addOption(
      optionFlag(MODELS, 'memoryBytes', '--memory-bytes <n>', 'of all models together; default: 80% of what is free'),
    )
    .addOption(
      optionFlag(MODELS, 'idleMs', '--idle-ms <n>', 'unloads a model that was not used that long; 0: only for another'),
    );
}

/**
 * Several models, if they are asked for. `machine`: how much of it each gets, where it does not say itself. `named`: one that was named
 * by its place. Throws INVALID_OPTION.
 */
export function modelsOf(flags: ModelsFlags, machine: EngineOptions, named?: string): SeveralModels | undefined {
  const inFile = flags.models === undefined ? undefined : fileOf(flags.models);
  const byName = flags.model.map((text) => NAMED.exec(text));
  if (!inFile && byName.every((one) => one === null)) {
    const [, second] = flags.model;
    if (second !== undefined) throw invalidOption('model', 'name=path where there are several', second);
    const of = ['alias', 'memoryBytes', 'idleMs'] as const;
    const alone = of.find((name) => flags[name] !== undefined && !(name === 'alias' && flags.alias.length === 0));
    if (alone) throw invalidOption(alone, 'absent: it is for several models, --model name=path', flags[alone]);
    return undefined;
  }
  if (named !== undefined) throw invalidOption('model', 'name=path where there are several', named);
  const each: EngineOptions = { ...machine, kvTokens: machine.kvTokens ?? KV_TOKENS };
  const declared = byName.map((one, index) => {
    if (!one) throw invalidOption('model', 'name=path where there are several', flags.model[index]);
    return [one[1] as string, { ...each, model: one[2] as string }] as const;
  });
  const filed = Object.entries(inFile?.models ?? {}).map(([name, { aliases, ...own }]) => {
    return { name, options: { ...each, ...own }, aliases: aliases ?? [] };
  });
  const aliases = flags.alias.map((text) => {
    const [, other, name] = /^([^=]+)=(.+)$/s.exec(text) ?? [];
    if (other === undefined || name === undefined) throw invalidOption('alias', 'other=name', text);
    return [other, name] as const;
  });
  return {
    models: {
      models: Object.fromEntries([...filed.map(({ name, options }) => [name, options] as const), ...declared]),
      memoryBytes: flags.memoryBytes ?? inFile?.memoryBytes ?? Math.floor(freemem() * SHARE),
      idleMs: flags.idleMs ?? inFile?.idleMs,
    },
    aliases: Object.fromEntries([
      ...filed.flatMap(({ name, aliases }) => aliases.map((other) => [other, name] as const)),
      ...aliases,
    ]),
  };
}

interface ModelsFile {
  models: Record<string, EngineOptions & { aliases?: string[] }>;
  memoryBytes?: number;
  idleMs?: number;
}

/** What is in it is checked as options are; here only what is taken apart. */
function fileOf(path: string): ModelsFile {
  const wrong = (what: string, cause?: unknown) =>
    new BanyanError('INVALID_OPTION', `--models ${path}: ${what}`, { field: 'models', cause });
  let value: ModelsFile;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw wrong((cause as Error).message, cause);
  }
  const isObject = (one: unknown) => typeof one === 'object' && one !== null && !Array.isArray(one);
  if (!isObject(value) || !isObject(value.models)) throw wrong('it must hold an object with "models", an object');
  const other = Object.keys(value).find((key) => !['models', 'memoryBytes', 'idleMs'].includes(key));
  if (other !== undefined) throw wrong(`${JSON.stringify(other)} is not known: models, memoryBytes, idleMs`);
  for (const [name, one] of Object.entries(value.models)) {
    if (!isObject(one)) throw wrong(`models.${name} must be an object`);
    const { aliases = [] } = one;
    if (!Array.isArray(aliases) || !aliases.every((alias) => typeof alias === 'string')) {
      throw wrong(`models.${name}.aliases must be a list of texts`);
    }
  }
  return value;
}
