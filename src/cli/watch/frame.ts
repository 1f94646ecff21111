import { keptBeside } from '../../inspector/page/kept-beside.js';
import { unpacked } from '../../inspector/told.js';
import type { Told } from '../../inspector/told-types.js';
import type { ProgramRow, RequestRow, StepRow } from '../../native/snapshot.js';

/** What a waiting request waits for, in few words. */
const WAITS: Readonly<Record<string, string>> = {
  none: 'runs',
  prefix: 'same prefix under way',
  load: 'read from disk',
  slot: 'a slot',
  gate: "its agent's turn",
  pages: 'pages',
  turn: 'next step',
};

const number = (value: number) => Math.round(value).toLocaleString('en');
const part = (some: number, all: number) => `${Math.round((100 * some) / Math.max(1, all))}%`;

/** Tokens a second that went through the model, of the steps that are known. */
export function paceOf(steps: readonly StepRow[]): { prompt: number; decode: number; stepMs: number } {
  const [first, last] = [steps[0], steps.at(-1)];
  if (!first || !last) return { prompt: 0, decode: 0, stepMs: 0 };
  const seconds = Math.max(last.tookMs, last.atMs + last.tookMs - first.atMs) / 1_000;
  const sum = (of: (step: StepRow) => number) => steps.reduce((total, step) => total + of(step), 0);
  return {
    prompt: sum(({ promptTokens }) => promptTokens) / seconds,
    decode: sum(({ decodeRows }) => decodeRows) / seconds,
    stepMs: sum(({ tookMs }) => tookMs) / steps.length,
  };
}

/** A server at a moment, as lines of a terminal: `rows` at most, each `columns` wide at most. */
export function frameOf(told: Told, { rows, columns }: { rows: number; columns: number }): string[] {
  const { tables, words, pagesTotal, pagesFree, waitingLeftOut, programsLeftOut, model, sums, tiers } = told;
  const requests = unpacked<RequestRow>(tables.requests);
  const programs = unpacked<ProgramRow>(tables.programs);
  const running = requests.filter(({ waitsFor }) => waitsFor === 0).length;
  const pace = paceOf(unpacked<StepRow>(tables.steps).slice(-64));
  const used = pagesTotal - pagesFree;
  const head = [
    plain(model),
    `pages    ${bar(used / Math.max(1, pagesTotal))} ${number(used)} of ${number(pagesTotal)}`,
    ...keptBeside(tiers).map(([where, text]) => `${where.padEnd(8)} ${text}`),
    `requests ${running} running, ${number(requests.length - running + waitingLeftOut)} waiting`,
    `tokens   ${number(pace.prompt)} of prompts a second, ${number(pace.decode)} of answers, a step ${pace.stepMs.toFixed(1)} ms`,
    `cached   ${part(sums.cachedTokens, sums.promptTokens)} of ${number(sums.promptTokens)} prompt tokens, since the model was loaded`,
  ];
  const waiting = requests.map((one) => [
    number(one.id),
    one.program === 0 ? '-' : number(one.program),
    words.classes[one.class] ?? '',
    WAITS[words.waitsFor[one.waitsFor] ?? ''] ?? '',
    number(one.waitedMs),
    `${number(one.cachedTokens)}/${number(one.promptTokens)}`,
    number(one.outputTokens),
  ]);
  const agents = programs
    .toSorted((a, b) => b.live - a.live || b.computedTokens - a.computedTokens)
    .map((one) => [
      number(one.id),
      words.phases[one.phase] ?? '',
      number(one.calls),
      number(one.promptTokens),
      part(one.cachedTokens, one.promptTokens),
      number(one.computedTokens),
      number(one.lostTokens),
      number(one.waitedMs),
    ]);
  const room = Math.max(0, rows - head.length - 6);
  const ofRequests = Math.min(waiting.length, Math.max(Math.floor(room / 2), room - agents.length));
  const lines = [
    ...head,
    '',
    ...table(['REQUEST', 'AGENT', 'CLASS', 'WAITS FOR', 'WAITED MS', 'CACHED/PROMPT', 'OUTPUT'], waiting, ofRequests),
    '',
    ...table(
      ['AGENT', 'DOES', 'CALLS', 'PROMPT', 'CACHED', 'COMPUTED', 'LOST', 'WAITED MS'],
      agents,
      room - ofRequests,
      programsLeftOut,
    ),
  ];
  return lines.slice(0, rows).map((line) => line.slice(0, columns));
}

/** A name from elsewhere, without what a terminal would obey. */
const plain = (text: string) => text.replace(/\p{C}/gu, ' ');

const BAR = 24;
const bar = (share: number) => {
  const full = Math.round(Math.min(1, Math.max(0, share)) * BAR);
  return `[${'#'.repeat(full)}${'.'.repeat(BAR - full)}]`;
};

/** Columns as wide as their widest cell. What has no room is counted. */
function table(heads: readonly string[], rows: readonly (readonly string[])[], most: number, more = 0): string[] {
  const shown = rows.slice(0, Math.max(0, most));
  const widths = heads.map((head, column) => Math.max(head.length, ...shown.map((row) => row[column]?.length ?? 0)));
  const write = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  const left = rows.length - shown.length + more;
  return [write(heads), ...shown.map(write), ...(left > 0 ? [`and ${number(left)} more`] : [])];
}
