import { canonicalJson } from '../kit/canonical-json.js';
import { isFields } from './bodies.js';
import type { Call, Part } from './call.js';
import type { LintName } from './lints.js';
import { type Pair, pairsOf } from './pairs.js';
import { changeKind, type TextChange, textChange } from './text-change.js';

/** What is otherwise than in the call before: one lint at one kind of place. */
export interface Edit {
  readonly lint: LintName;
  /** The first place, such as `tools[3].description`. */
  readonly field: string;
  /** How many places of this kind. */
  times: number;
  /** Characters that have to be computed wherever they stand: what is really new. */
  own: number;
  /** What stood there, and what does now; undefined: nothing. */
  readonly before: string | undefined;
  readonly after: string | undefined;
  /** Where both begin to differ. */
  readonly change: TextChange | undefined;
  readonly pairs: Pair[];
}

/** Two calls, compared. */
export interface Compared {
  readonly edits: readonly Edit[];
  /** The parts of this call, as they would be if what these edits name were as it was before. */
  mended(undone: ReadonlySet<Edit>): Part[];
  /** The answer to the call before, where this call goes on with it. */
  readonly answer: Part | undefined;
  /** The first part with a cache mark that stands behind the first edit. */
  readonly markBehind: string | undefined;
}

/** Compares the parts of two calls. */
export function compare(before: Call, now: Call): Compared {
  const { tools, said } = pairsOf(before.parts, now.parts);
  const edits: Edit[] = [];
  const add = (edit: Omit<Edit, 'times' | 'pairs'>, pair: Pair) => {
    const place = (field: string) => field.replace(/\[\d+\]/g, '[]');
    const known = edits.find(({ lint, field }) => lint === edit.lint && place(field) === place(edit.field));
    if (!known) return void edits.push({ ...edit, times: 1, pairs: [pair] });
    known.times++;
    known.own += edit.own;
    known.pairs.push(pair);
  };
  const order = reordered(before.parts, tools);
  if (order) edits.push(order);
  for (const pair of tools) if (pair.before?.key !== pair.after?.key) add(editOf(pair, 'tools-changed'), pair);
  const known = said.filter((pair) => pair.before);
  const end = said.indexOf(known.at(-1) as Pair) + 1; // what comes behind is new
  for (const pair of said.slice(0, end)) {
    if (pair.before?.key === pair.after?.key) continue;
    add(editOf(pair, lintOfSaid(pair)), pair);
  }
  const next = said[end]?.after;
  return {
    edits,
    mended: (undone) => mendedParts(before.parts, tools, said, undone, order),
    answer: next?.role === 'assistant' ? next : undefined,
    markBehind: markBehind(edits, [...tools, ...said]),
  };
}

function reordered(before: readonly Part[], tools: readonly Pair[]): Edit | undefined {
  const known = tools.filter((pair) => pair.before && pair.after);
  const places = known.map((pair) => before.indexOf(pair.before as Part));
  const at = places.findIndex((place, index) => index > 0 && place < (places[index - 1] as number));
  const moved = known[at]?.after;
  if (!moved) return undefined;
  return {
    ...{ lint: 'reordered-tools', field: moved.field, times: 1, own: 0, change: undefined, pairs: [] },
    before: before
      .filter(({ section }) => section === 'tools')
      .map(({ role }) => role)
      .join(', '),
    after: tools.flatMap(({ after }) => (after ? [after.role] : [])).join(', '),
  };
}

function lintOfSaid({ before, after }: Pair): LintName {
  if ((after ?? before)?.section === 'system') return before && after ? 'volatile-first' : 'system-changed';
  return after ? 'history-edited' : 'history-trimmed';
}

/** `otherwise`: what it is where its looks do not tell. */
function editOf({ before, after }: Pair, otherwise: LintName): Omit<Edit, 'times' | 'pairs'> {
  if (!before || !after) {
    const one = (after ?? before) as Part;
    const own = after && otherwise !== 'tools-changed' ? after.key.length : 0; // a tool may have been there from the start
    return { lint: otherwise, field: one.field, own, before: before?.key, after: after?.key, change: undefined };
  }
  const { path, from, to } = firstChange(before.value, after.value, after.field);
  if (typeof from !== 'string' || typeof to !== 'string') {
    const [b, a] = [JSON.stringify(from) ?? '', JSON.stringify(to) ?? ''];
    const stable = b !== '' && a !== '' && canonicalJson(from) === canonicalJson(to);
    const change = textChange(b, a);
    const own = stable ? 0 : change.endAfter - change.from;
    return {
      lint: stable ? 'unstable-json' : (changeKind(change, after.section) ?? otherwise),
      field: path,
      own,
      before: b,
      after: a,
      change,
    };
  }
  const change = textChange(from, to);
  const lint = changeKind(change, after.section) ?? whole(change, otherwise);
  const own = lint.startsWith('unstable') || lint === 'reordered-tools' ? 0 : change.endAfter - change.from;
  return { lint, field: path, own, before: from, after: to, change };
}

/** Instructions that have little in common are other instructions. */
function whole({ before, after, from, endAfter }: TextChange, otherwise: LintName): LintName {
  const common = from + after.length - endAfter;
  return otherwise === 'volatile-first' && common * 2 < Math.min(before.length, after.length)
    ? 'system-changed'
    : otherwise;
}

/** The smallest value that differs, or the object whose keys stand in another order. */
function firstChange(from: unknown, to: unknown, path: string): { path: string; from: unknown; to: unknown } {
  if (Array.isArray(from) && Array.isArray(to)) {
    const at = to.findIndex((item, index) => JSON.stringify(item) !== JSON.stringify(from[index]));
    if (from.length !== to.length && canonicalJson(from.slice(0, to.length)) === canonicalJson(to))
      return { path, from, to };
    return at >= 0 && at < from.length ? firstChange(from[at], to[at], `${path}[${at}]`) : { path, from, to };
  }
  if (isFields(from) && isFields(to)) {
    if (canonicalJson(from) === canonicalJson(to)) {
      const child = Object.keys(to).filter((key) => JSON.stringify(from[key]) !== JSON.stringify(to[key]));
      const [only] = child;
      return child.length === 1 && only !== undefined
        ? firstChange(from[only], to[only], `${path}.${only}`)
        : { path, from, to };
    }
    const key = Object.keys(to).find((name) => canonicalJson(from[name]) !== canonicalJson(to[name]));
    if (key !== undefined && key in from) return firstChange(from[key], to[key], `${path}.${key}`);
  }
  return { path, from, to };
}

function mendedParts(
  before: readonly Part[],
  tools: readonly Pair[],
  said: readonly Pair[],
  undone: ReadonlySet<Edit>,
  order: Edit | undefined,
): Part[] {
  const restored = new Set([...undone].flatMap(({ pairs }) => pairs));
  const chosen = (pair: Pair) => (restored.has(pair) ? pair.before : pair.after);
  const kept = tools.filter((pair) => chosen(pair) !== undefined);
  if (order && undone.has(order)) {
    const place = ({ before: part }: Pair) => (part ? before.indexOf(part) : before.length);
    kept.sort((a, b) => place(a) - place(b));
  }
  return [...kept, ...said].flatMap((pair) => chosen(pair) ?? []);
}

function markBehind(edits: readonly Edit[], pairs: readonly Pair[]): string | undefined {
  const changed = new Set(edits.flatMap((edit) => edit.pairs));
  const first = pairs.findIndex((pair) => changed.has(pair));
  return first < 0 ? undefined : pairs.slice(first).find(({ after }) => after?.marked)?.after?.field;
}
