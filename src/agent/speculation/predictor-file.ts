import { randomBytes } from 'node:crypto';
import { constants, rename, rm } from 'node:fs/promises';
import { BanyanError, isBanyanError, messageOf } from '../../kit/errors.js';
import { checkInteger, checkKeys, checkNumber, checkText, invalidOption } from '../../kit/option-checks.js';
import { openPrivate } from '../../kit/private-file.js';
import { ArgumentPattern } from './argument-pattern.js';
import { type Branch, CallContext } from './call-context.js';
import type { PatternTable } from './pattern-table.js';

const VERSION = 1;
/** Bytes of a file that is read: more than a table can write. */
const MOST_BYTES = 2 ** 26;
const MOST = 2 ** 31;

/** Writes all patterns: another file takes the place of the one that was there, which only its owner reads. Rejects with INVALID_OPTION. */
export async function writePatterns(path: string, table: PatternTable): Promise<void> {
  const contexts = [...table.entries()].map(([key, context]) => ({
    key,
    branches: [...context.branches()].map(([name, { pattern, ...branch }]) => ({
      ...{ name, ...branch },
      ...(pattern && { arguments: pattern.entries() }),
    })),
  }));
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    const file = await openPrivate(temporary, constants.O_WRONLY | constants.O_EXCL, true);
    try {
      await file.writeFile(JSON.stringify({ banyan: 'tool-predictor', version: VERSION, contexts }));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => {});
    throw new BanyanError('INVALID_OPTION', `path cannot be written: ${messageOf(cause)}`, { field: 'path', cause });
  }
}

/** Puts the patterns of a file into the table. What they foretell is checked like any call. Rejects with INVALID_OPTION. */
export async function readPatterns(path: string, table: PatternTable): Promise<void> {
  try {
    const file = Object(JSON.parse(await textOf(path)));
    if (file.banyan !== 'tool-predictor') throw new Error('it is no file of a ToolPredictor');
    if (file.version !== VERSION) throw new Error(`its version is not ${VERSION}`);
    checkKeys('file', file, ['banyan', 'version', 'contexts']);
    const contexts = listOf('contexts', file.contexts).map((item) => {
      checkKeys('contexts', item, ['key', 'branches']);
      const { key, branches } = item as { key: unknown; branches: unknown };
      const named = listOf('branches', branches).map((branch) => toBranch(branch as Branch & { name: string }));
      return { key: checkText('key', key), context: new CallContext(new Map(named)) };
    });
    for (const { key, context } of contexts) table.put(key, context);
  } catch (cause) {
    const why = isBanyanError(cause) ? cause.message : messageOf(cause);
    throw new BanyanError('INVALID_OPTION', `path cannot be used: ${why}`, { field: 'path', cause });
  }
}

async function textOf(path: string): Promise<string> {
  const file = await openPrivate(path, constants.O_RDONLY, false);
  try {
    const { size } = await file.stat();
    if (size > MOST_BYTES) throw new Error(`it has more than ${MOST_BYTES} bytes`);
    const bytes = Buffer.alloc(size); // no more, should it grow meanwhile
    let length = 0;
    for (let read = 1; read > 0 && length < size; length += read)
      read = (await file.read(bytes, length, size - length, length)).bytesRead;
    return bytes.toString('utf8', 0, length);
  } finally {
    await file.close();
  }
}

function toBranch(item: object): [name: string, branch: Branch] {
  checkKeys('branch', item, ['name', 'tool', 'count', 'guessed', 'right', 'arguments']);
  const { name, tool, count, guessed, right, arguments: given } = item as Record<string, unknown>;
  const times = checkNumber('guessed', guessed, 0, MOST);
  const branch: Branch = {
    tool: checkText('tool', tool),
    count: checkNumber('count', count, 0, MOST),
    guessed: times,
    right: checkNumber('right', right, 0, times),
    pattern: given === undefined ? undefined : new ArgumentPattern(toWeights(given)),
  };
  return [checkText('name', name), branch];
}

function toWeights(given: unknown): Map<string, Map<string, number>> {
  const pairs = (what: string, value: unknown): [string, unknown][] =>
    listOf(what, value).map((pair) => {
      if (!Array.isArray(pair)) throw invalidOption(what, 'a list of pairs', pair);
      checkInteger(`${what}.length`, pair.length, 2, 2);
      return [checkText(what, pair[0]), pair[1]];
    });
  return new Map(
    pairs('arguments', given).map(([path, places]) => {
      JSON.parse(path);
      const weights = pairs('places', places).map(([place, weight]): [string, number] => {
        if (place.startsWith('c')) JSON.parse(place.slice(1));
        return [place, checkNumber('weight', weight, 0, MOST)];
      });
      return [path, new Map(weights)];
    }),
  );
}

function listOf(what: string, value: unknown): object[] {
  if (!Array.isArray(value)) throw invalidOption(what, 'a list', value);
  return value.map((item) => {
    if (typeof item !== 'object' || item === null) throw invalidOption(what, 'a list of objects', item);
    return item;
  });
}
