/*
 * The arguments of a call as JSON text that llama.cpp reads. JavaScript reads more than C++: half a surrogate pair, 1e400,
 * integers of any length, any depth. The model's text stays as it was written but for those parts, so that what it wrote is
 * what it reads.
 */

/** Deeper values are shown as one text; JSON of the messages around it may go 64 levels deep in all. */
const DEEPEST = 32;
const LARGEST = 2n ** 63n - 1n;
const SMALLEST = -(2n ** 63n);

const TOKENS = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|[[\]{}]/g;
const SURROGATE = /[\uD800-\uDFFF]|\\u[dD][89a-fA-F]/;

/** `{}` for what is no JSON object: a call that was cut off. */
export function toTemplateArguments(json: string): string {
  const input = parsed(json);
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return '{}';
  let text = '';
  let copied = 0;
  const put = (from: number, to: number, instead: string) => {
    text += json.slice(copied, from) + instead;
    copied = to;
  };
  let depth = 0;
  let deep = 0;
  for (const { 0: token, index } of json.matchAll(TOKENS)) {
    const end = index + token.length;
    if (token === '{' || token === '[') {
      if (++depth === DEEPEST) deep = index;
    } else if (token === '}' || token === ']') {
      if (depth-- === DEEPEST) put(deep, end, JSON.stringify(json.slice(deep, end).toWellFormed()));
    } else if (depth < DEEPEST) {
      const readable = token.startsWith('"') ? wellFormed(token) : finite(token);
      if (readable !== token) put(index, end, readable);
    }
  }
  return text + json.slice(copied);
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
