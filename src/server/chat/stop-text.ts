import type { Engine } from '../../engine/engine.js';
import type { GenerationResult } from '../../engine/generation.js';

/** Tokens at the end of an answer that its stop text is looked for in. */
const LAST_TOKENS = 256;

/** Which of the stop texts ended an answer: the one that its last tokens end with, or hold last. Null: it ended otherwise. */
export function stopTextOf(engine: Engine, stops: readonly string[], result: GenerationResult): string | null {
  if (result.finishReason !== 'stop-sequence') return null;
  const end = engine.detokenize(result.tokens.slice(-LAST_TOKENS));
  const found = stops.map((stop) => ({ stop, at: end.lastIndexOf(stop) })).filter(({ at }) => at >= 0);
  // The first one that was complete ended it.
  found.sort((a, b) => a.at + a.stop.length - (b.at + b.stop.length));
  return found[0]?.stop ?? null;
}
