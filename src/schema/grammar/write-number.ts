import type { Way } from './rule-book.js';

/** Bounds, each reached or (open) only approached. */
export interface Range {
  min: number;
  max: number;
  minOpen: boolean;
  maxOpen: boolean;
}

export const EVERY_NUMBER: Range = {
  min: Number.NEGATIVE_INFINITY,
  max: Number.POSITIVE_INFINITY,
  minOpen: false,
  maxOpen: false,
};

/** Beyond 15 digits two numbers may be one double. */
const DIGITS = 15;
const LARGEST = 10 ** DIGITS - 1;

/** Whole numbers in a range, of at most 15 digits. Empty: there is none. */
export function integerWays(range: Range): Way[] {
  const { min, max } = wholeBounds(range);
  return signed(min, max, (low, high) => digitRange(low, high)).map(plain);
}

/** Numbers in a range, with at most `decimals` of them behind the point and 15 digits in all. */
export function numberWays(range: Range, decimals = DIGITS): Way[] {
  const texts = [...decimalTexts(range, false, decimals)];
  const mirrored = { min: -range.max, max: -range.min, minOpen: range.maxOpen, maxOpen: range.minOpen };
  for (const text of decimalTexts(mirrored, true, decimals)) texts.push(`"-" ( ${text} )`);
  return texts.map(plain);
}

function plain(text: string): Way {
  return { text, needs: [] };
}

/** The whole numbers inside, cut to 15 digits. */
export function wholeBounds({ min, max, minOpen, maxOpen }: Range): { min: number; max: number } {
  let low = Math.ceil(min);
  let high = Math.floor(max);
  if (minOpen && low === min) low++;
  if (maxOpen && high === max) high--;
  return { min: Math.max(low, -LARGEST), max: Math.min(high, LARGEST) };
}

function signed(min: number, max: number, write: (low: number, high: number) => string): string[] {
  if (min > max) return [];
  const texts: string[] = [];
  if (min < 0) texts.push(`"-" ( ${write(Math.max(1, -max), -min)} )`);
  if (max >= 0) texts.push(write(Math.max(0, min), max));
  return texts;
}

/** Whole numbers from `low` to `high`, none below 0, without leading zeros. */
function digitRange(low: number, high: number): string {
  const ways: string[] = [];
  for (let length = String(low).length; length <= String(high).length; length++) {
    const from = Math.max(low, length === 1 ? 0 : 10 ** (length - 1));
    ways.push(sameLength(String(from), String(Math.min(high, 10 ** length - 1))));
  }
  return ways.join(' | ');
}

/** Digit texts of one length from `low` to `high`. */
function sameLength(low: string, high: string): string {
  if (low === '') return '';
  if (/^0*$/.test(low) && /^9*$/.test(high)) return digits(low.length);
  const [first, last] = [Number(low[0]), Number(high[0])];
  const [lowRest, highRest] = [low.slice(1), high.slice(1)];
  if (first === last) return joined(`"${first}"`, sameLength(lowRest, highRest));
  const rest = lowRest.length;
  const ways: string[] = [];
  const openLow = /^0*$/.test(lowRest);
  const openHigh = /^9*$/.test(highRest);
  if (!openLow) ways.push(joined(`"${first}"`, sameLength(lowRest, '9'.repeat(rest))));
  const [from, to] = [openLow ? first : first + 1, openHigh ? last : last - 1];
  if (from <= to) ways.push(joined(from === to ? `"${from}"` : `[${from}-${to}]`, digits(rest)));
  if (!openHigh) ways.push(joined(`"${last}"`, sameLength('0'.repeat(rest), highRest)));
  return ways.length === 1 ? (ways[0] as string) : `( ${ways.join(' | ')} )`;
}

function digits(count: number): string {
  return count === 0 ? '' : count === 1 ? '[0-9]' : `[0-9]{${count}}`;
}

function joined(first: string, rest: string): string {
  return rest === '' ? first : `${first} ${rest}`;
}

/** The part of a range from 0 on (`negative`: above 0), written without a sign. */
function* decimalTexts(range: Range, negative: boolean, decimals: number): Generator<string> {
  const low = bound(Math.max(range.min, 0), 'up', decimals);
  const lowOpen = (range.minOpen && range.min >= 0 && low.value === range.min) || (negative && range.min < 0);
  const endless = range.max > LARGEST;
  // Without an upper bound: decimals for numbers of up to nine digits, larger ones are whole.
  const high = bound(endless ? 999_999_999 : range.max, 'down', decimals);
  if (endless && low.value <= LARGEST) yield digitRange(Math.max(1e9, Math.ceil(low.value) + 1), LARGEST);
  const highOpen = range.maxOpen && high.value === range.max;
  if (high.value < low.value || (high.value === low.value && (lowOpen || highOpen))) return;
  const places = Math.max(0, Math.min(decimals, DIGITS - high.whole.length));
  const fraction = places === 0 ? '' : ` ( "." [0-9]{1,${places}} )?`;
  const [lowWhole, highWhole] = [Number(low.whole), Number(high.whole)];
  if (lowWhole === highWhole) {
    yield* between(low, high, lowOpen, highOpen, places);
    return;
  }
  yield* atLeast(low, lowOpen, places);
  if (lowWhole + 1 <= highWhole - 1) yield `( ${digitRange(lowWhole + 1, highWhole - 1)} )${fraction}`;
  yield* atMost(high, highOpen, places);
}

interface Decimal {
  value: number;
  whole: string;
  /** Digits behind the point, without zeros at the end. */
  fraction: string;
}

/** A bound with at most 15 digits, rounded into the range. */
function bound(value: number, rounding: 'up' | 'down', decimals: number): Decimal {
  const whole = Math.floor(value);
  const places = Math.max(0, Math.min(decimals, DIGITS - String(whole).length, 12));
  let text = value.toFixed(places);
  if (rounding === 'up' && Number(text) < value) text = (value + 10 ** -places).toFixed(places);
  if (rounding === 'down' && Number(text) > value) text = (value - 10 ** -places).toFixed(places);
  const [head = '0', tail = ''] = text.split('.');
  return { value: Number(text), whole: head, fraction: tail.replace(/0+$/, '') };
}

/** The decimal's whole part, with a fraction from its own on. */
function* atLeast({ whole, fraction }: Decimal, open: boolean, places: number): Generator<string> {
  if (fraction === '') {
    if (!open) yield `"${whole}"${optional(upTo(places))}`;
    else if (places > 0) yield `"${whole}." [0]{0,${places - 1}} [1-9]`;
    return;
  }
  for (const [index, digit] of [...fraction].entries()) {
    if (digit === '9') continue;
    yield joined(`"${whole}.${fraction.slice(0, index)}" ${above(digit)}`, upTo(places - index - 1));
  }
  if (!open) yield joined(`"${whole}.${fraction}"`, upTo(places - fraction.length));
  else if (places > fraction.length) yield `"${whole}.${fraction}" [0]{0,${places - fraction.length - 1}} [1-9]`;
}

/** The decimal's whole part, with a fraction up to its own. */
function* atMost({ whole, fraction }: Decimal, open: boolean, places: number): Generator<string> {
  if (fraction === '') {
    if (!open) yield `"${whole}"`;
    return;
  }
  yield `"${whole}"`;
  for (const [index, digit] of [...fraction].entries()) {
    if (index > 0) yield `"${whole}.${fraction.slice(0, index)}"`;
    if (digit !== '0') yield joined(`"${whole}.${fraction.slice(0, index)}" ${below(digit)}`, upTo(places - index - 1));
  }
  if (!open) yield `"${whole}.${fraction}"`;
}

/** Both bounds have one whole part: fractions of one length, compared as digits. */
function* between(low: Decimal, high: Decimal, lowOpen: boolean, highOpen: boolean, places: number): Generator<string> {
  const { whole } = low;
  if (low.fraction === '' && !lowOpen) yield `"${whole}"`;
  const length = Math.min(places, Math.max(low.fraction.length, high.fraction.length) + 2, 12);
  if (length === 0) return;
  const unit = 10 ** length;
  const from = Math.round(Number(`0.${low.fraction || '0'}`) * unit) + (lowOpen || low.fraction === '' ? 1 : 0);
  const to = Math.round(Number(`0.${high.fraction || '0'}`) * unit) - (highOpen ? 1 : 0);
  if (from > to) return;
  yield `"${whole}." ${sameLength(String(from).padStart(length, '0'), String(to).padStart(length, '0'))}`;
}

function above(digit: string): string {
  return digit === '8' ? '"9"' : `[${Number(digit) + 1}-9]`;
}

function below(digit: string): string {
  return digit === '1' ? '"0"' : `[0-${Number(digit) - 1}]`;
}

/** Up to `count` more digits. */
function upTo(count: number): string {
  return count <= 0 ? '' : `[0-9]{0,${count}}`;
}

function optional(digits: string): string {
  return digits === '' ? '' : ` ( "." ${digits.replace('{0,', '{1,')} )?`;
}
