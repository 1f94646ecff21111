import { canonicalJson } from '../kit/canonical-json.js';
import { volatileKind } from '../stateless/cache/volatile-text.js';
import type { Part } from './call.js';
import type { LintName } from './lints.js';

/** Where two texts differ: characters [from, endBefore) of one are [from, endAfter) of the other. */
export interface TextChange {
  readonly before: string;
  readonly after: string;
  readonly from: number;
  readonly endBefore: number;
  readonly endAfter: number;
}

/** The whole of what differs, from the first to the last character. */
export function textChange(before: string, after: string): TextChange {
  const most = Math.min(before.length, after.length);
  let from = 0;
  while (from < most && before[from] === after[from]) from++;
  let end = 0;
  while (end < most - from && before[before.length - 1 - end] === after[after.length - 1 - end]) end++;
  return { before, after, from, endBefore: before.length - end, endAfter: after.length - end };
}

/** What kind of change it is by its looks; undefined: none that is known. */
export function changeKind(change: TextChange, section: Part['section']): LintName | undefined {
  const { before, after } = change;
  if (sameJson(change)) return 'unstable-json';
  const [b, a] = [valuesAround(change, 'before'), valuesAround(change, 'after')];
  if (b !== undefined && a !== undefined && sameItems(b, a)) return isTools(a) ? 'reordered-tools' : 'unstable-order';
  if (sameLines(before, after)) return 'unstable-order';
  const line = lineOf(after, change.from);
  if (/^\s*x-[\w-]+\s*:/i.test(line) && /^\s*x-[\w-]+\s*:/i.test(lineOf(before, change.from))) return 'changing-header';
  const words = [wordsOf(before, change.from, change.endBefore), wordsOf(after, change.from, change.endAfter)];
  const all = (test: (word: string) => boolean) => words.every((word) => word.length <= MOST_WORDS && test(word));
  if (all(isClock)) return 'clock';
  const numbers = [digitsOf(before, change.from, change.endBefore), digitsOf(after, change.from, change.endAfter)];
  if (all(isId)) return 'random-id';
  if (numbers.every((word) => /^\d+([.,/]\d+)?$/.test(word))) return 'counter';
  const header = section === 'messages' ? undefined : headerOf(line); // people write colons, too
  return header !== undefined && header === headerOf(lineOf(before, change.from)) ? 'changing-header' : undefined;
}

/** More is no word that changes by itself. */
const MOST_WORDS = 160;

const isEpoch = (word: string) => /^1[4-9]\d{8}(\.\d+|\d{3}|\d{6})?$/.test(word);
const isClock = (words: string) =>
  isEpoch(words) || /T\d{2}:\d{2}/.test(words) || ['time', 'date'].includes(volatileKind(words) ?? '');

/** uuid, hex, base62, nanoid: long, and mixed as no word is. */
function isId(word: string): boolean {
  if (/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/i.test(word)) return true;
  const core = word.replace(/^[a-z]{1,12}[_:=-]/i, '');
  if (!/^[\w-]{6,64}$/.test(core)) return false;
  const hasDigit = /\d/.test(core);
  if (/^[0-9a-f]+$/i.test(core)) return hasDigit && /[a-f]/i.test(core);
  const mixed = /[a-z]/.test(core) && /[A-Z]/.test(core.slice(1));
  return core.length >= 10 && (mixed || (hasDigit && /[a-z]/i.test(core)));
}

const WORD = /[\w:.+/-]/;

/** What differs, to the ends of its words. */
const wordsOf = (text: string, from: number, end: number) => spread(text, from, end, WORD).replace(/[.,:]+$/, '');
const digitsOf = (text: string, from: number, end: number) =>
  spread(text, from, end, /[\d.]/).replace(/^\.+|\.+$/g, '');

function spread(text: string, from: number, end: number, kind: RegExp): string {
  let [first, last] = [from, end];
  while (first > 0 && kind.test(text[first - 1] as string)) first--;
  while (last < text.length && kind.test(text[last] as string)) last++;
  return text.slice(first, last);
}

function lineOf(text: string, at: number): string {
  const begin = text.lastIndexOf('\n', at - 1) + 1;
  const end = text.indexOf('\n', at);
  return text.slice(begin, end < 0 ? undefined : end);
}

/** The name of a line such as `Working directory: /tmp`. */
const headerOf = (line: string) => /^\s*[-*#\s]*([A-Za-z][\w -]{0,40}):\s/.exec(line)?.[1];

function sameLines(before: string, after: string): boolean {
  const [b, a] = [before.split('\n'), after.split('\n')];
  return b.length > 1 && a.length === b.length && b.sort().join('\n') === a.sort().join('\n');
}

const sorted = (list: readonly unknown[]) => list.map(canonicalJson).sort().join();
const sameItems = (b: unknown, a: unknown) =>
  Array.isArray(b) && Array.isArray(a) && a.length === b.length && sorted(b) === sorted(a);
const isTools = (list: unknown) =>
  Array.isArray(list) &&
  list.every((item) => /"(description|parameters|input_schema|function)":/.test(canonicalJson(item)));

function sameJson(change: TextChange): boolean {
  const [b, a] = [valuesAround(change, 'before'), valuesAround(change, 'after')];
  return b !== undefined && a !== undefined && canonicalJson(b) === canonicalJson(a);
}

/** Openings of a JSON value that are tried. */
const MOST_TRIED = 16;

/** The outermost JSON value in a text that the whole change lies in; undefined: there is none. */
function valuesAround(change: TextChange, side: 'before' | 'after'): unknown {
  const text = change[side];
  const end = side === 'before' ? change.endBefore : change.endAfter;
  let tried = 0;
  for (let at = text.search(/[[{]/); at >= 0 && at <= change.from && tried < MOST_TRIED; tried++) {
    const close = endOfValue(text, at);
    if (close >= end) {
      const value = parsed(text.slice(at, close));
      if (value !== undefined) return value;
    }
    const next = text.slice(at + 1).search(/[[{]/);
    at = next < 0 ? -1 : at + 1 + next;
  }
  return undefined;
}

/** Where the bracket that opens here is closed; -1: nowhere. */
function endOfValue(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    const letter = text[at];
    if (letter === '"') {
      for (at++; at < text.length && text[at] !== '"'; at++) if (text[at] === '\\') at++;
    } else if (letter === '{' || letter === '[') depth++;
    else if ((letter === '}' || letter === ']') && --depth === 0) return at + 1;
  }
  return -1;
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
