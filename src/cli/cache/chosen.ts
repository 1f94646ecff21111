import { InvalidArgumentError } from 'commander';
import { BanyanError } from '../../kit/errors.js';
import type { NativeKeptModel } from '../../native/reports/kept-model.js';
import { secondsOf } from './sizes.js';

export interface RemoveFlags {
  all: boolean;
  /** Seconds. */
  olderThan?: number;
  dryRun: boolean;
}

/** Digits of an id that name a model when it has no such name. */
const LEAST_DIGITS = 4;

/**
 * The models that go: those named (by name, or by the first digits of an id), or all, if they were not used for `olderThan`.
 * `now`: seconds since 1970. Throws INVALID_OPTION when nothing was chosen, or a name is of none.
 */
export function chosen(
  models: readonly NativeKeptModel[],
  names: readonly string[],
  { all, olderThan }: Pick<RemoveFlags, 'all' | 'olderThan'>,
  now: number,
): NativeKeptModel[] {
  if (names.length === 0 && !all && olderThan === undefined) {
    throw wrong('say what goes: a model as `banyan cache ls` names it, --all, or --older-than 30d');
  }
  if (names.length > 0 && all) throw wrong('a model and --all: say one of them');
  const named = new Set(names.flatMap((name) => namedSo(models, name)));
  return models
    .filter((model) => names.length === 0 || named.has(model))
    .filter(({ usedAt }) => olderThan === undefined || now - usedAt >= olderThan);
}

function namedSo(models: readonly NativeKeptModel[], name: string): NativeKeptModel[] {
  const plain = name.toLowerCase();
  const byName = models.filter(({ label }) => label.toLowerCase() === plain);
  const isId = plain.length >= LEAST_DIGITS && /^[0-9a-f]+$/.test(plain);
  const found = byName.length > 0 || !isId ? byName : models.filter(({ folder }) => folder.startsWith(plain));
  if (found.length === 0) throw wrong(`nothing is kept of "${name}": banyan cache ls`);
  return found;
}

/** The span of a flag, in seconds. */
export function toSeconds(text: string): number {
  const seconds = secondsOf(text);
  if (seconds === undefined) throw new InvalidArgumentError('It must be a span such as 90m, 12h or 30d.');
  return seconds;
}

function wrong(problem: string): BanyanError {
  return new BanyanError('INVALID_OPTION', problem, { field: 'model' });
}
