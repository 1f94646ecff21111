import type { EndedCall, Moment } from '../told-types.js';
import { lowShares, MARGIN, type Outliers } from './outliers.js';
import type { Calls, Row } from './shown.js';
import { type Cell, fillTable, isSorted, type Line, say } from './tables.js';

const MOST_REQUESTS = 200;
const MOST_AGENTS = 500;
/** Latest calls of a life that are shown. */
const MOST_OF_A_LIFE = 1_000;
/** Agents that are named in a line. */
const NAMED = 5;
const DAY_MS = 24 * 3_600_000;
const TIME = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });
const WHOLE = new Intl.NumberFormat('en');
const WAITS: Readonly<Record<string, string>> = {
  none: 'runs',
  prefix: 'another request computes the same prefix',
  load: 'its pages are read from disk',
  slot: 'all slots are taken',
  gate: "its agent's turn: the pages suffice for no more agents",
  pages: 'free pages for its prompt',
  turn: 'the next step, or those that go first',
};

/** Whole, with commas; a dash for what is not known. */
export const number = (value: number | null | undefined) =>
  value === null || Number.isNaN(value) ? '–' : WHOLE.format(Math.round(value ?? 0));

/** The part of all in percent, whole. */
export const share = (some: number, all: number) => Math.round((100 * some) / Math.max(1, all));

export function fillRequests(requests: readonly Row[], { words, waitingLeftOut, recorded }: Moment): void {
  const lines = requests.map((request): Line => {
    const { id, program, producer, waitedMs, cachedTokens, promptTokens, outputTokens, pages } = request;
    const waits = WAITS[words.waitsFor[request.waitsFor ?? 0] ?? ''] ?? '';
    const cells = [
      number(id),
      program ? number(program) : '–',
      words.classes[request.class ?? 0] ?? '',
      producer ? `${waits} (request ${number(producer)})` : waits,
      number(waitedMs),
      `${number(cachedTokens)} / ${number(promptTokens)}`,
      number(outputTokens),
      number(pages),
    ];
    return { key: String(id), cells };
  });
  fillTable('requests', lines, MOST_REQUESTS);
  const left = Math.max(0, lines.length - MOST_REQUESTS) + waitingLeftOut;
  const none =
    recorded === undefined ? 'None now: nothing runs and nothing waits.' : 'Every call of the recording has ended.';
  say('requests-note', lines.length === 0 ? none : left > 0 ? `${number(left)} more are not shown.` : '');
}

/** `calls`: of all agents; those of none are one line. `choose` gets the agent's number. */
export function fillAgents(
  agents: readonly Row[],
  shown: Moment,
  { calls, chosen, choose }: { calls: Calls; chosen: number | undefined; choose: (agent: number) => void },
): void {
  const later = agents.flatMap(({ id = 0 }): [number, number][] => {
    const own = calls.of(id).filter(isCompared);
    return own.length > 0 ? [[id, shareOf(own)]] : [];
  });
  const outliers = lowShares(new Map(later));
  const written = isSorted('agents') ? agents : agents.slice(0, MOST_AGENTS);
  const lines = written.map((agent): Line => {
    const { id = 0, promptTokens = 0, cachedTokens = 0, computedTokens, outputTokens, lostTokens } = agent;
    const own = calls.of(id);
    const cells = [
      number(id),
      nameOf(own),
      doing(agent, own.at(-1), shown),
      number(agent.calls),
      number(promptTokens),
      cachedCell(
        cachedTokens,
        promptTokens,
        outliers?.low.has(id) ? outliers.median : undefined,
        'agents, first calls left out',
      ),
      number(computedTokens),
      number(outputTokens),
      number(lostTokens),
      number(agent.waitedMs),
      number(agent.actingMs),
    ];
    return { key: String(id), cells, chosen: id === chosen };
  });
  const alone = calls.of(0);
  if (alone.length > 0) lines.push(linesOfNone(alone, chosen === 0));
  fillTable('agents', lines, MOST_AGENTS, (key) => choose(Number(key)));
  say('agents-note', noteOn(agents.length + (alone.length > 0 ? 1 : 0), outliers, shown.programsLeftOut));
}

const sum = (calls: readonly EndedCall[], of: (call: EndedCall) => number) =>
  calls.reduce((total, call) => total + of(call), 0);
/** An agent's first call finds what others have left there: it is not compared. Nor is one of a single token, which is computed in any case. */
const isCompared = ({ number: place, promptTokens }: EndedCall) => place > 1 && promptTokens > 1;
const shareOf = (calls: readonly EndedCall[]) =>
  share(
    sum(calls, ({ cachedTokens }) => cachedTokens),
    sum(calls, ({ promptTokens }) => promptTokens),
  );

function noteOn(rows: number, outliers: Outliers<number> | undefined, leftOut: number): string {
  if (rows === 0) return 'No agent yet: none has asked anything.';
  const more = Math.max(0, rows - MOST_AGENTS) + leftOut;
  const low = [...(outliers?.low ?? [])];
  const named = `${low.slice(0, NAMED).map(number).join(', ')}${low.length > NAMED ? ' ...' : ''}`;
  const marked = `▼ Much less from the cache than others, first calls left out (median ${Math.round(outliers?.median ?? 0)} %): agent${low.length > 1 ? 's' : ''} ${named}.`;
  return [
    ...(low.length > 0 ? [marked] : []),
    ...(more > 0 ? [`${number(more)} more agents are not shown.`] : []),
  ].join(' ');
}

/** A part of a prompt; `median`, of `like`: it is much less than that. */
function cachedCell(some: number, all: number, median?: number, like = ''): Cell {
  const by = share(some, all);
  if (median === undefined) return { text: `${by} %`, by };
  const title = `${MARGIN} points or more below the median of these ${like}, ${Math.round(median)} %`;
  return { text: `▼ ${by} %`, by, title, low: true };
}

/** What all its calls are labelled with; one alone says nothing. */
function nameOf(calls: readonly EndedCall[]): string {
  const [first, second] = [calls[0]?.label, calls[1]?.label];
  return first && first === second && calls.every(({ label }) => label === first) ? first : '–';
}

/** What an agent does; between two calls: since when. A time of day does not tick: what is selected stays so. */
function doing({ phase, live }: Row, last: EndedCall | undefined, { words, nowMs, recorded }: Moment): string {
  const does = words.phases[phase ?? 0] ?? '';
  if (recorded !== undefined || !last || (live ?? 0) > 0 || does === 'finished') return does;
  const at = new Date(last.atMs);
  const day = nowMs - last.atMs > DAY_MS ? `${at.toLocaleDateString('en-CA')} ` : '';
  return `${does} since ${day}${TIME.format(at)}`;
}

/** How long ago something was. */
export function ago(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  if (seconds < 120) return `${seconds} s ago`;
  return seconds < 7_200 ? `${Math.floor(seconds / 60)} min ago` : `${number(seconds / 3_600)} h ago`;
}

/** Calls that belong to no agent run, as far as they are kept. */
function linesOfNone(calls: readonly EndedCall[], chosen: boolean): Line {
  const [prompt, cached, computed, output] = [
    sum(calls, ({ promptTokens }) => promptTokens),
    sum(calls, ({ cachedTokens }) => cachedTokens),
    sum(calls, ({ computedTokens }) => computedTokens),
    sum(calls, ({ outputTokens }) => outputTokens),
  ];
  const cells = [
    'none',
    '–',
    'single calls',
    number(calls.length),
    number(prompt),
    cachedCell(cached, prompt),
    number(computed),
    number(output),
    '–',
    '–',
    '–',
  ];
  return { key: '0', cells, chosen };
}

/** The calls of an agent in order, each with how much of it was cached and why not all. `choose` gets a call's place among its own. */
export function fillLife(
  calls: Calls,
  agent: number | undefined,
  row: Row | undefined,
  { chosen, choose }: { chosen: number | undefined; choose: (call: number) => void },
): void {
  const own = agent === undefined ? [] : calls.of(agent);
  const outliers = lowShares(
    new Map(own.filter(isCompared).map((call) => [call.number, share(call.cachedTokens, call.promptTokens)])),
  );
  const lines = own.slice(-MOST_OF_A_LIFE).map((call): Line => {
    const { label, promptTokens, cachedTokens, computedTokens, miss, queueMs, ttftMs, totalMs, tools, reason } = call;
    const median = outliers?.low.has(call.number) ? outliers.median : undefined;
    const cells = [
      number(call.number),
      number(promptTokens),
      cachedCell(cachedTokens, promptTokens, median, 'calls'),
      number(computedTokens),
      miss,
      ...[queueMs, ttftMs, totalMs].map(number),
      tools.join(', ') || reason,
      label || '–',
    ];
    return { key: `${agent}/${call.number}`, cells, chosen: call.number === chosen };
  });
  fillTable('life', lines, MOST_OF_A_LIFE, (key) => choose(Number(key.split('/')[1])));
  say('life-title', agent === undefined ? 'Calls' : agent === 0 ? 'Calls of no agent' : `Calls of agent ${agent}`);
  say('life-note', agent === undefined ? 'Choose an agent above to see its calls.' : lifeNote(own, lines.length, row));
}

/** Why there are fewer calls than the agent made; '': there are all. */
function lifeNote(own: readonly EndedCall[], shown: number, row: Row | undefined): string {
  const heard = own.at(-1)?.number ?? 0;
  const made = Math.max(heard, row?.calls ?? 0);
  if (made === 0) return 'No call of it has ended yet.';
  const calls = `${number(made)} call${made === 1 ? '' : 's'}`;
  if (shown === 0) return `${calls}, none is kept: they failed, or newer ones took their place.`;
  if (shown < heard) return `${calls}, the last ${number(shown)} are kept.`;
  return heard < made ? `${calls}, ${number(made - heard)} of them failed, or ended before this page was served.` : '';
}
