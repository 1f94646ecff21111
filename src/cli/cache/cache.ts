import { addon } from '../../backend/addon.js';
import type { NativeKeptModel } from '../../native/reports/kept-model.js';
import { placeOf } from './cache-place.js';
import { chosen, type RemoveFlags } from './chosen.js';
import { agoInWords, bytesInWords } from './sizes.js';

export interface LookFlags {
  cacheDir?: string;
  json: boolean;
}

/** After so many milliseconds without an answer the terminal hears what is waited for: a large cache, or a slow disk. */
const PATIENCE_MS = 1_000;

/** `banyan cache path`: the directory, whether or not it is there. */
export function path({ cacheDir }: Pick<LookFlags, 'cacheDir'>): void {
  process.stdout.write(`${placeOf(cacheDir)}\n`);
}

/** `banyan cache ls`: a line for each model. */
export async function ls({ cacheDir, json }: LookFlags): Promise<void> {
  const dir = placeOf(cacheDir);
  const models = await modelsIn(dir);
  if (json) return print(models.map(shown));
  if (models.length === 0) return write(`${dir} keeps nothing`);
  write(table([['MODEL', 'ID', 'USED', 'ON DISK', 'PAGES', 'LAST USED', 'TENANTS'], ...models.map(rowOf)]));
}

/** `banyan cache stats`: all models together. */
export async function stats({ cacheDir, json }: LookFlags): Promise<void> {
  const dir = placeOf(cacheDir);
  const models = await modelsIn(dir);
  const sum = (of: (model: NativeKeptModel) => number, among = models) =>
    among.reduce((total, model) => total + of(model), 0);
  const [states, paged] = [models.filter(isOfStates), models.filter((model) => !isOfStates(model))];
  const last = Math.max(0, ...models.map(({ usedAt }) => usedAt));
  const totals = {
    ...{ dir, models: new Set(models.map(idOf)).size, bytes: sum(({ bytes }) => bytes), usedBytes: sum(usedBytesOf) },
    ...{ pages: sum(({ pages }) => pages, paged), fixedPages: sum(({ fixedPages }) => fixedPages, paged) },
    ...{
      tokens: sum(({ pages, pageTokens }) => pages * pageTokens, paged),
      states: sum(({ pages }) => pages, states),
      inUse: new Set(models.filter((model) => model.inUse).map(idOf)).size,
    },
    lastUsed: isoOf(last),
  };
  if (json) return print(totals);
  write(
    table([
      ['directory', dir],
      ['models', `${totals.models}${totals.inUse > 0 ? `, ${totals.inUse} in use` : ''}`],
      ['used', bytesInWords(totals.usedBytes)],
      ['on disk', `${bytesInWords(totals.bytes)}, with room for pages to come`],
      ['pages', `${number(totals.pages)}, ${number(totals.fixedPages)} of them of system prompts`],
      ['tokens', number(totals.tokens)],
      ...(states.length > 0 ? [['saved states', number(totals.states)]] : []),
      ['last used', ago(last)],
    ]),
  );
}

/** `banyan cache rm`: what is kept of some models, or of all. Those in use lose it too: what is gone they compute. */
export async function rm(names: readonly string[], flags: RemoveFlags & LookFlags): Promise<void> {
  const dir = placeOf(flags.cacheDir);
  const models = await modelsIn(dir);
  const going = chosen(models, names, flags, Date.now() / 1000);
  const folders = going.map(({ folder }) => folder);
  const bytes = flags.dryRun
    ? going.reduce((sum, model) => sum + model.bytes, 0)
    : await slowly(`Removing from ${dir}`, addon().removeKept(dir, folders, flags.all));
  if (flags.json) return print({ removed: going.map(shown), bytes, dryRun: flags.dryRun });
  for (const model of going) write(`${nameOf(model)} ${idOf(model)}, ${bytesInWords(model.bytes)}`);
  write(`${bytesInWords(bytes)} ${flags.dryRun ? 'would be' : 'are'} free`);
}

const modelsIn = (dir: string) => slowly(`Reading ${dir}`, addon().keptModels(dir));

/** Says on a terminal what takes long. */
async function slowly<Result>(what: string, work: Promise<Result>): Promise<Result> {
  const { stderr } = process;
  const line = `${what} ...`;
  let said = false;
  const timer = setTimeout(() => {
    said = stderr.isTTY === true && stderr.write(line);
  }, PATIENCE_MS);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
    if (said) stderr.write(`\r${' '.repeat(line.length)}\r`);
  }
}

const nameOf = ({ label }: NativeKeptModel) => label || '(no name)';
const isOfStates = ({ folder }: NativeKeptModel) => folder.endsWith('-states');
const idOf = ({ folder }: NativeKeptModel) => folder.slice(0, folder.indexOf('-'));
/** What its pages take: files are longer, as they grow by more than a page. */
const usedBytesOf = ({ pages, pageBytes }: NativeKeptModel) => pages * pageBytes;
const number = (value: number) => value.toLocaleString('en');
const isoOf = (seconds: number) => (seconds === 0 ? undefined : new Date(seconds * 1000).toISOString());
const ago = (seconds: number) => (seconds === 0 ? 'never' : agoInWords(Math.max(0, Date.now() / 1000 - seconds)));

function shown(model: NativeKeptModel) {
  const { label, folder, identity, bytes, pages, fixedPages, pageBytes, pageTokens, usedAt, inUse, tenants } = model;
  const kept = { bytes, usedBytes: usedBytesOf(model), pages, fixedPages, pageBytes, pageTokens };
  return { model: label, id: idOf(model), folder, identity, ...kept, lastUsed: isoOf(usedAt), inUse, tenants };
}

/** Tenants that a line shows. */
const FEW = 3;

function rowOf(model: NativeKeptModel): string[] {
  const { bytes, pages, usedAt, inUse, tenants } = model;
  const tags = tenants.slice(0, FEW).map(({ tag }) => tag || 'none');
  const more = tenants.length > FEW ? ` and ${tenants.length - FEW} more` : '';
  const last = inUse ? 'in use' : ago(usedAt);
  const name = isOfStates(model) ? `${nameOf(model)}, states` : nameOf(model);
  return [
    name,
    idOf(model),
    bytesInWords(usedBytesOf(model)),
    bytesInWords(bytes),
    number(pages),
    last,
    `${tags.join(', ')}${more}`,
  ];
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const line = (row: readonly string[]) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ');
  return rows.map((row) => line(row).trimEnd()).join('\n');
}

function write(text: string): void {
  process.stdout.write(`${text}\n`);
}

function print(value: unknown): void {
  write(JSON.stringify(value, undefined, 2));
}
