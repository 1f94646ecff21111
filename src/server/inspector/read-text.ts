import type { InspectorFeed } from '../../inspector/feed.js';
import type { CallText } from '../../inspector/told-types.js';
import { isBanyanError } from '../../kit/errors.js';
import { HttpError } from '../http/http-error.js';

/** What is asked for: the place of a call among all that a feed has heard of, and which of its tokens, [from, to). */
export interface AskedText {
  readonly call: number;
  /** Undefined: the one that is there now. */
  readonly feed: string | undefined;
  readonly from: number | undefined;
  readonly to: number | undefined;
}

/** Reads the query of a request for a text. Throws HttpError 400. */
export function readAskedText(query: Readonly<Record<string, string | undefined>>): AskedText {
  const whole = (name: string) => {
    const text = query[name];
    if (text === undefined) return undefined;
    if (/^\d{1,15}$/.test(text)) return Number(text);
    throw new HttpError(400, 'invalid_request', `${name} must be a whole number`, name);
  };
  const call = whole('call');
  if (call === undefined) throw new HttpError(400, 'invalid_request', 'call must be given: which one', 'call');
  return { call, feed: query.feed, from: whole('from'), to: whole('to') };
}

/**
 * The text of one call, for an administrator; that it was read is in the audit log before it is told. `by`: the tenant whose key it was.
 * Rejects with HttpError 403 where texts are not shown, 404, 503 when it cannot be recorded.
 */
export async function readText(feed: InspectorFeed, asked: AskedText, by: string): Promise<CallText> {
  if (feed.texts !== 'shown') throw new HttpError(403, 'texts_not_shown', WHY_NOT[feed.texts]);
  const isOther = asked.feed !== undefined && asked.feed !== feed.id; // the model was swapped, or loaded again
  const kept = isOther ? undefined : feed.kept(asked.call);
  if (!kept) throw new HttpError(404, 'not_found', 'The text of this call is not kept any more');
  const length = kept.prompt.length + kept.output.length;
  const [from, to] = [Math.min(asked.from ?? 0, length), Math.min(asked.to ?? length, length)];
  try {
    const { tenant, label, program } = kept;
    await feed.record({ type: 'text-read', by, tenant, label, program, from, to });
  } catch (cause) {
    if (!isBanyanError(cause)) throw cause;
    throw new HttpError(503, 'audit_failed', `No text is shown that cannot be recorded: ${cause.message}`);
  }
  return feed.textOf(kept, { from, to });
}

const WHY_NOT = {
  off: 'Texts are not shown: `banyan serve --inspector-text --audit <path>` (`inspectorText` of `serve()`) switches it on',
  unaudited: 'Texts are shown only where that is recorded: `banyan serve --audit <path>`, or `engine.audit(log)`',
} as const;
