/*
 * The arguments of a call as JSON text that llama.cpp reads. JavaScript reads more than C++: half a surrogate pair, 1e400,
 * integers of any length, any depth. The model's text stays as it was written but for those parts, so that what it wrote is
 * what it reads.
 */

/** Deeper values are shown as one text; JSON of the messages around it may go 64 levels deep in all. */
const DEEPEST = 32;
const LARGEST = 2n ** 63n - 1n;
const SMALLEST = -(2n ** 63n);

const SURROGATE = /[\uD800-\uDFFF]|\\u[dD][89a-fA-F]/;
/** Somewhere is what C++ may read otherwise, apart from how deep it goes. */
const ODD = /\d{18}|\d[eE]|[\uD800-\uDFFF]|\\u[dD][89a-fA-F]/;
const NUMBER = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const [QUOTE, BACKSLASH, COMMA, NINE] = [0x22, 0x5c, 0x2c, 0x39];
const OPENING = new Set([0x5b, 0x7b]);
const CLOSING = new Set([0x5d, 0x7d]);

/** `{}` for what is no JSON object: a call that was cut off. */
export function toTemplateArguments(json: string): string {
  const input = parsed(json);
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return '{}';
  const odd = ODD.test(json);
  let text = '';
  let copied = 0;
  const put = (from: number, to: number, instead: string) => {
    text += json.slice(copied, from) + instead;
    copied = to;
  };
  let depth = 0;
  let deep = 0;
  for (let at = 0; at < json.length; ) {
    const begin = at++;
    const unit = json.charCodeAt(begin);
    if (OPENING.has(unit)) {
      if (++depth === DEEPEST) deep = begin;
    } else if (CLOSING.has(unit)) {
      if (depth-- === DEEPEST) put(deep, at, JSON.stringify(json.slice(deep, at).toWellFormed()));
    } else if (unit === QUOTE || (unit > COMMA && unit <= NINE)) {
      at = unit === QUOTE ? endOfString(json, begin) : endOfNumber(json, begin);
      if (!odd || depth >= DEEPEST) continue;
      const token = json.slice(begin, at);
      const readable = unit === QUOTE ? wellFormed(token) : finite(token);
      if (readable !== token) put(begin, at, readable);
    }
  }
  return text + json.slice(copied);
}

function endOfString(json: string, begin: number): number {
  let at = begin + 1;
  for (let unit = json.charCodeAt(at); unit !== QUOTE; unit = json.charCodeAt(at)) at += unit === BACKSLASH ? 2 : 1;
  return at + 1;
}

function endOfNumber(json: string, begin: number): number {
  NUMBER.lastIndex = begin;
  NUMBER.test(json);
  return NUMBER.lastIndex;
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function wellFormed(token: string): string {
  if (!SURROGATE.test(token)) return token;
  const text = JSON.parse(token) as string;
  return text.isWellFormed() ? token : JSON.stringify(text.toWellFormed());
}

/** Numbers that C++ has no type for become texts of the same digits. */
function finite(number: string): string {
  if (/^-?\d+$/.test(number)) {
    const value = number.length < 18 ? 0n : BigInt(number);
    return value > LARGEST || value < SMALLEST ? `"${number}"` : number;
  }
  return Number.isFinite(Number(number)) ? number : `"${number}"`;
}
