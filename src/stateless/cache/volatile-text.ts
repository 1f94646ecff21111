import type { Change } from './changes.js';

/**
 * A block that coding agents put first and that is new in every request would keep the whole prompt from being found in the
 * cache. It says nothing to the model.
 */
const BILLING = /^x-anthropic-billing-header\b/;
const BILLING_LINE = /^x-anthropic-billing-header\b[^\n]*\n?/gm;

/** Instructions without what is new in every request and says nothing: whole parts of it, or lines of a text. */
export function withoutBilling<Part extends { text?: string | null | undefined }>(
  content: string | readonly Part[] | null | undefined,
  field: string,
  changes: Change[],
): string | readonly Part[] | null | undefined {
  if (content === null || content === undefined) return content;
  const kept =
    typeof content === 'string'
      ? content.replace(BILLING_LINE, '')
      : content.filter(({ text }) => !BILLING.test(text ?? ''));
  if (kept.length === content.length) return content;
  changes.push({ kind: 'billing-header', what: `${field} (billing header left out)` });
  return kept;
}

/** What a line tells that changes by itself, by its looks; the first that fits. */
const KINDS: readonly (readonly [kind: string, pattern: RegExp])[] = [
  ['git', /\bgit\b|\bbranch\b|\bcommits?\b|^(\s*[MADRCU?!]{1,2}\s+\S|[0-9a-f]{7,40}\s)/i],
  ['directory', /\b(cwd|working director|current director|directory|workspace)\b/i],
  ['time', /\b\d{1,2}:\d{2}(:\d{2})?\b/],
  [
    'date',
    /\b\d{4}-\d{2}-\d{2}\b|\bdate\b|\b(mon|tues|wednes|thurs|fri|satur|sun)day\b|\b\d{1,2}\/\d{1,2}\/\d{2,4}\b/i,
  ],
  ['id', /\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b(session|request|trace|run)[ _-]?id\b/i],
];

/** What kind of volatile text a line is: `git`, `directory`, `time`, `date`, `id`; undefined: it does not look like any. */
export function volatileKind(line: string): string | undefined {
  return KINDS.find(([, pattern]) => pattern.test(line))?.[0];
}
