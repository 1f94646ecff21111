import { messageOf } from '../../kit/errors.js';
import { mcpResult } from './mcp-result.js';
import { writeResult } from './result-text.js';

/** Characters of a result that are written to say how many there are; more than the limit, not so many that it takes long. */
const LOOKED_AT = 200_000;

/** Whether the tool did what it was asked, and what the model reads of it. */
export interface ToolReading {
  ok: boolean;
  content: string;
}

/**
 * What the model reads: equal results give equal text, and none can fill the context. `limit` in characters. A tool that
 * returned has done its work, also when its result cannot be shown: told otherwise, the model would call it again. Only a
 * server's `isError` (Model Context Protocol) says that it has not.
 */
export function readResult(result: unknown, limit: number): ToolReading {
  const mcp = mcpResult(result, toolText);
  if (mcp?.isError) return { ok: false, content: toolErrorText(new Error(mcp.text), limit) };
  return { ok: true, content: mcp ? cut(mcp.text, limit, true) : toolResultText(result, limit) };
}

export function toolResultText(result: unknown, limit: number): string {
  if (typeof result === 'string') return cut(result, limit, true);
  if (result === undefined) return 'done';
  if (typeof result === 'function' || typeof result === 'symbol')
    return `done, but the result is a ${typeof result} and cannot be shown`;
  const { text, whole } = writeResult(result, Math.max(limit, LOOKED_AT));
  return cut(text, limit, whole);
}

export function toolErrorText(reason: unknown, limit: number): string {
  return toolResultText({ error: messageOf(reason) || 'failed' }, limit);
}

function toolText(value: unknown): string {
  return toolResultText(value, Number.MAX_SAFE_INTEGER);
}

/** `whole`: the text is all there is. Half a character, cut by its author or here, is no text. */
function cut(text: string, limit: number, whole: boolean): string {
  if (whole && text.length <= limit) return text.toWellFormed();
  const kept = text.slice(0, limit).replace(/[\uD800-\uDBFF]$/, '');
  return `${kept.toWellFormed()}\n[cut: the first ${kept.length} of ${whole ? '' : 'more than '}${text.length} characters]`;
}
