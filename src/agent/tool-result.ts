import { canonicalJson } from '../engine/canonical-json.js';
import { messageOf } from '../engine/errors.js';

/** What the model reads: equal results give equal text, and none can fill the context. `limit` in characters. */
export function toolResultText(result: unknown, limit: number): string {
  const text = typeof result === 'string' ? result : result === undefined ? 'done' : canonicalJson(result);
  if (text.length <= limit) return text;
  const kept = text.slice(0, limit).replace(/[\uD800-\uDBFF]$/, ''); // never half a character
  return `${kept}\n[cut: the first ${kept.length} of ${text.length} characters]`;
}

export function toolErrorText(reason: unknown, limit: number): string {
  return toolResultText({ error: messageOf(reason) || 'failed' }, limit);
}
