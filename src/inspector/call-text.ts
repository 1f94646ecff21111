import { setImmediate as othersFirst } from 'node:timers/promises';
import type { Engine } from '../engine/engine.js';
import type { KeptText } from './kept-texts.js';
import type { CallText, TextPart } from './told-types.js';

/** Tokens that are made text at once: a millisecond of the JavaScript thread. */
const SLICE = 4_096;
/** Tokens that one character may be spread over. */
const LONGEST_CHARACTER = 8;

/** Tokens [from, to) of a call as text, control tokens too: what the cache had of its prompt, what was computed, its answer. Rejects with CLOSED. */
export async function textOfCall(
  engine: Pick<Engine, 'detokenize'>,
  { tenant, label, program, prompt, output, cached }: KeptText,
  { from = 0, to = Number.POSITIVE_INFINITY }: { from?: number | undefined; to?: number | undefined } = {},
): Promise<CallText> {
  const all = [
    { of: 'cached' as const, begin: 0, tokens: prompt.subarray(0, cached) },
    { of: 'computed' as const, begin: cached, tokens: prompt.subarray(cached) },
    { of: 'answer' as const, begin: prompt.length, tokens: Int32Array.from(output) },
  ];
  const parts: TextPart[] = [];
  for (const { of, begin, tokens } of all) {
    const own = tokens.subarray(Math.max(0, from - begin), Math.max(0, to - begin));
    if (own.length > 0) {
      parts.push({ of, from: Math.max(from, begin), tokens: own.length, text: await textOf(engine, own) });
    }
  }
  return { tenant, label, program, parts };
}

/** No slice ends within a character, where the tokens go on. */
async function textOf(engine: Pick<Engine, 'detokenize'>, tokens: Int32Array): Promise<string> {
  let text = '';
  for (let from = 0; from < tokens.length; ) {
    let to = Math.min(tokens.length, from + SLICE);
    const most = Math.min(tokens.length, to + LONGEST_CHARACTER);
    let piece = engine.detokenize(tokens.subarray(from, to), { special: true });
    while (to < most && piece.endsWith('\ufffd'))
      piece = engine.detokenize(tokens.subarray(from, ++to), { special: true });
    text += piece;
    from = to;
    if (from < tokens.length) await othersFirst();
  }
  return text;
}
