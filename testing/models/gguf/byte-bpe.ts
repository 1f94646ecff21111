/** A byte-level BPE vocabulary in the form that GGUF stores (tokenizer.ggml.model = gpt2). */
export interface Vocabulary {
  tokens: string[];
  types: number[]; // llama_token_type: 1 normal, 3 control, 4 user defined, 5 unused
  merges: string[]; // "left right", best first
  ids: Map<string, number>;
}

const NORMAL = 1;
const CONTROL = 3;
const USER_DEFINED = 4;
const UNUSED = 5;

const CONTROLS = ['<|endoftext|>', '<|im_start|>', '<|im_end|>'];
const MARKERS = ['<tool_call>', '</tool_call>', '<tool_response>', '</tool_response>', '<think>', '</think>'];

/** How "qwen2" splits text into words before merging. */
const WORDS =
  /'(?:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+/giu;

const CORPUS = `You are a helpful assistant that answers in short, exact sentences and uses the tools it is given.
When a question needs a number, a date, a unit or a note, call the right function first, then explain the result.
The function get_weather takes a city and returns the temperature in degrees, the wind and the chance of rain.
The function calculate takes an expression such as 12 * (7 + 5) and returns its value; convert_units takes value, from and to.
{"name": "search_notes", "arguments": {"query": "meeting with the design team", "limit": 3}}
{"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}, "required": ["city"]}
An agent works in steps: it reads the conversation, thinks, acts through a tool, looks at what came back and goes on.
Many agents share the same instructions, so the pages that hold them are computed once and read by everyone.
If the tool fails, tell the user what happened and what could be tried next. Never invent a result. Thank you, and good luck!
for (let index = 0; index < values.length; index += 1) { total += values[index]; } return total / values.length;`;

/** GPT-2's printable stand-in for each byte. */
const BYTE_TEXT: string[] = (() => {
  let spare = 256;
  const printable = (b: number) => (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(printable(byte) ? byte : spare++));
})();

/**
 * 256 bytes, up to `merges` merges learnt from a fixed text (fewer when nothing repeats any more), the chat markers, more
 * control tokens (`controls`), and unused tokens up to `size` (0 = none).
 */
export function byteVocabulary(merges: number, size = 0, controls: readonly string[] = []): Vocabulary {
  const learnt = learntMerges.get(merges) ?? learnMerges(merges);
  learntMerges.set(merges, learnt);
  const tokens = [...BYTE_TEXT, ...learnt.map(([left, right]) => left + right), ...CONTROLS, ...MARKERS, ...controls];
  const types: number[] = tokens.map((token) =>
    CONTROLS.includes(token) || controls.includes(token) ? CONTROL : MARKERS.includes(token) ? USER_DEFINED : NORMAL,
  );
  if (size !== 0 && size < tokens.length)
    throw new RangeError(`a vocabulary of ${size} is too small: ${tokens.length} tokens with these merges`);
  while (tokens.length < size) {
    types.push(UNUSED);
    tokens.push(`[UNUSED${tokens.length}]`);
  }
  return { tokens, types, merges: learnt.map((pair) => pair.join(' ')), ids: new Map(tokens.map((t, i) => [t, i])) };
}

const learntMerges = new Map<number, [string, string][]>();

function learnMerges(wanted: number): [string, string][] {
  const words = (CORPUS.match(WORDS) ?? []).map((word) =>
    [...Buffer.from(word)].map((byte) => BYTE_TEXT[byte] as string),
  );
  const merges: [string, string][] = [];
  const known = new Set(BYTE_TEXT);
  while (merges.length < wanted) {
    const counts = new Map<string, number>();
    for (const word of words)
      for (let i = 1; i < word.length; i++) {
        const pair = `${word[i - 1]} ${word[i]}`;
        counts.set(pair, (counts.get(pair) ?? 0) + 1);
      }
    const fresh = [...counts].filter(([pair]) => !known.has(pair.replace(' ', '')));
    const best = fresh.sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))[0];
    if (!best) break;
    const [left, right] = best[0].split(' ') as [string, string];
    merges.push([left, right]);
    known.add(left + right);
    for (const word of words)
      for (let i = word.length - 1; i > 0; i--)
        if (word[i - 1] === left && word[i] === right) word.splice(i - 1, 2, left + right);
  }
  return merges;
}
