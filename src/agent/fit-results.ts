import type { ToolMessage } from '../chat/chat-message.js';
import type { AgentHost, HostSession } from './host.js';

/** Tokens that a template writes around a result, and the mark of a cut; rather too many. */
const AROUND = 48;
/** Of UTF-8, that a UTF-16 code unit takes. */
const MOST_BYTES = 3;
/** Less of a result than this says nothing. */
const LEAST = 16;
/** Characters that are looked at: more have no room in what is left of a context that is nearly full. */
const LOOKED_AT = 60_000;

/**
 * Results cut to `room` tokens in all, the longest first, with a mark that says how much there was. Undefined when that
 * leaves too little of them: the context is full.
 */
export function fitResults(
  engine: Pick<AgentHost<HostSession>, 'tokenize' | 'detokenize'>,
  results: readonly ToolMessage[],
  room: number,
): ToolMessage[] | undefined {
  // No token stands for less than a byte: what fits so need not be tokenized.
  const bytes = results.reduce((sum, { content }) => sum + MOST_BYTES * content.length + AROUND, 0);
  if (bytes <= room) return [...results];
  const tokens = results.map(({ content }) => engine.tokenize(content.slice(0, LOOKED_AT).toWellFormed()));
  let left = room - results.length * AROUND;
  if (left < 0) return undefined;
  const kept: number[] = [];
  const byLength = [...tokens.entries()].sort(([, a], [, b]) => a.length - b.length);
  for (const [rank, [index, { length }]] of byLength.entries()) {
    const most = Math.min(length, Math.floor(left / (results.length - rank)));
    if (most < Math.min(length, LEAST)) return undefined;
    kept[index] = most;
    left -= most;
  }
  return results.map((result, index) => {
    const [whole, most] = [tokens[index] ?? new Int32Array(0), kept[index] ?? 0];
    const more = result.content.length > LOOKED_AT;
    if (whole.length <= most && !more) return result;
    const text = engine.detokenize(whole.subarray(0, most)).replace(/\ufffd+$/, ''); // never half a character
    return {
      ...result,
      content: `${text}\n[cut: the first ${most} of ${more ? 'more than ' : ''}${whole.length} tokens, the context is full]`,
    };
  });
}
