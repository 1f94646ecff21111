import type { CacheArrival } from '../../stateless/cache/cache-report.js';
import type { Difference } from '../../stateless/cache/request-records.js';

const LONGEST_TEXT = 80;

/**
 * What the cache did for a request, as a header (a structured field, RFC 8941): tokens of the prompt, how many were cached, why
 * not more, and what the first difference to the request before is. `fields`: how the client calls each message.
 */
export function cacheHeader(report: CacheArrival, fields: readonly string[] | undefined): Record<string, string> {
  const { prompt, read, miss, difference } = report;
  const hits = read === null ? [] : [`cached=${read}`, `computed=${prompt - read}`];
  const entries = [`prompt=${prompt}`, ...hits, `miss=${miss}`];
  if (difference) entries.push(`changed=${difference.section}`, ...where(difference, fields));
  return { 'x-banyan-cache': entries.join(', ') };
}

function where(difference: Difference, fields: readonly string[] | undefined): string[] {
  if (difference.section === 'tools') return [`at=${quoted(difference.tool)}`];
  if (difference.section === 'messages') {
    const { message } = difference;
    return [`at=${quoted(fields?.[message] ?? `messages[${message}]`)}`];
  }
  if (difference.section !== 'system') return [];
  const { line, text, kind } = difference;
  return [`line=${line}`, `text=${quoted(text)}`, ...(kind === undefined ? [] : [`volatile=${kind}`])];
}

/** A text in the characters of a header, cut. It is the client's own: of the request before nothing is shown. */
function quoted(text: string): string {
  const shown = text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT - 3)}...` : text;
  return `"${shown.replace(/[^\x20-\x7e]/g, '?').replace(/["\\]/g, '\\$&')}"`;
}
