import type { Engine } from '../engine/engine.js';
import type { EngineOptions } from '../engine/engine-options.js';
import { readEngineOptions } from '../engine/engine-options.js';
import { checkName, checkObject, invalidOption } from '../kit/option-checks.js';
import { readTable } from '../kit/option-table.js';
import { readOptions } from '../kit/read-options.js';
import { callback, number, type OptionsOf, other, required } from '../native/option-kinds.js';
import type { Clock } from './clock.js';

type Declared = Readonly<Record<string, EngineOptions>>;

/** The table of ModelsOptions. */
export const MODELS = {
  /** Models by name, each with the options of `Engine.load()`; give each its `kvTokens`, else a pool takes what memory is free. */
  models: required(other<Declared>('an object of names, each with options of Engine.load()', readDeclared)),
  /** Bytes that all loaded models may take together: weights, page pools, saved states. 1 to 9,007,199,254,740,991. */
  memoryBytes: required(number({ min: 1, max: Number.MAX_SAFE_INTEGER, whole: true })),
  /** Milliseconds after its last use that a model is unloaded, 0 to 2,147,483,647; 0: only when another needs the room. Default 0. */
  idleMs: number({ min: 0, max: 2 ** 31 - 1, whole: true }, 0),
  /** Another way to load. Default: `Engine.load()`. */
  load: callback<(options: EngineOptions) => Promise<Engine>>(),
  /** Time by which idle models are unloaded. Default: the machine's. */
  clock: other<Clock>('{ now, after }', (_field, value) => checkObject('clock', value) as Clock),
};

export interface ModelsOptions extends OptionsOf<typeof MODELS> {
  models: Declared;
  memoryBytes: number;
}

/** Throws INVALID_OPTION. */
export function readModelsOptions(given: ModelsOptions): ModelsOptions {
  return readTable('options', given, MODELS) as ModelsOptions;
}

function readDeclared(field: string, value: unknown): Declared {
  const names = Object.keys(checkObject(field, value));
  if (names.length === 0) throw invalidOption(field, 'one model or more', value);
  const declared = readOptions(field, value as Declared, names);
  const read = names.map((name) => {
    const own = `${field}.${checkName(field, name)}`;
    return [name, readModelOptions(own, declared[name] as EngineOptions)] as const;
  });
  return Object.fromEntries(read);
}

/** Options by which a model is loaded. Throws INVALID_OPTION. */
export function readModelOptions(field: string, value: EngineOptions): EngineOptions {
  const options = readEngineOptions(checkObject(field, value) as EngineOptions);
  if (options.signal === undefined) return options;
  throw invalidOption(`${field}.signal`, 'absent: a load is shared by all who wait for it', options.signal);
}
