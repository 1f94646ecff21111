import type { EndedCall, Told } from '../told-types.js';
import type { Row } from './shown.js';
import { fillTable, find, type Line } from './tables.js';

const MOST_REQUESTS = 200;
const MOST_AGENTS = 500;
/** Latest calls of a life that are shown. */
const MOST_OF_A_LIFE = 1_000;
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
  value === null || Number.isNaN(value) ? '–' : Math.round(value ?? 0).toLocaleString('en');

export function fillRequests(requests: readonly Row[], { words }: Told): void {
  const lines = requests.slice(0, MOST_REQUESTS).map((request): Line => {
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
  fillTable('requests', lines);
}

/** `calls`: of all agents; those of none are one line. `choose` gets the agent's number. */
export function fillAgents(
  agents: readonly Row[],
  { words, programsLeftOut }: Told,
  {
    calls,
    chosen,
    choose,
  }: { calls: readonly EndedCall[]; chosen: number | undefined; choose: (agent: number) => void },
): void {
  const lines = agents.slice(0, MOST_AGENTS).map((agent): Line => {
    const { id = 0, phase, promptTokens = 0, cachedTokens = 0, computedTokens, outputTokens, lostTokens } = agent;
    const cells = [
      number(id),
      words.phases[phase ?? 0] ?? '',
      number(agent.calls),
      number(promptTokens),
      part(cachedTokens, promptTokens),
      number(computedTokens),
      number(outputTokens),
      number(lostTokens),
      number(agent.waitedMs),
      number(agent.actingMs),
    ];
    return { key: String(id), cells, chosen: id === chosen };
  });
  const alone = calls.filter(({ program }) => program === 0);
  if (alone.length > 0) lines.push(linesOfNone(alone, chosen === 0));
  fillTable('agents', lines, (key) => choose(Number(key)));
  const more = Math.max(0, agents.length - MOST_AGENTS) + programsLeftOut;
  find('agents-note').textContent = more > 0 ? `${number(more)} more agents are not shown.` : '';
}

/** Calls that belong to no agent run, as far as this page has heard of them. */
function linesOfNone(calls: readonly EndedCall[], chosen: boolean): Line {
  const sum = (of: (call: EndedCall) => number) => calls.reduce((total, call) => total + of(call), 0);
  const prompt = sum(({ promptTokens }) => promptTokens);
  const cached = sum(({ cachedTokens }) => cachedTokens);
  const tokens = [sum(({ computedTokens }) => computedTokens), sum(({ outputTokens }) => outputTokens)].map(number);
  return {
    key: '0',
    cells: [
      'none',
      'single calls',
      number(calls.length),
      number(prompt),
      part(cached, prompt),
      ...tokens,
      '–',
      '–',
      '–',
    ],
    chosen,
  };
}

const part = (some: number, all: number) => `${number((100 * some) / Math.max(1, all))} %`;

/** The calls of an agent in order, each with how much of it was cached and why not all. */
export function fillLife(calls: readonly EndedCall[], chosen: number | undefined, known: boolean): void {
  const own = calls.filter(({ program }) => program === chosen);
  const title = chosen === 0 ? 'Calls of no agent' : `Calls of agent ${chosen}${known ? '' : ' (no longer known)'}`;
  find('life-title').textContent = chosen === undefined ? 'Choose an agent above' : title;
  const from = Math.max(0, own.length - MOST_OF_A_LIFE);
  const lines = own.slice(from).map((call, at): Line => {
    const { label, promptTokens, cachedTokens, computedTokens, miss, queueMs, ttftMs, totalMs, tools, reason } = call;
    const tokens = [promptTokens, cachedTokens, computedTokens].map(number);
    const times = [queueMs, ttftMs, totalMs].map(number);
    const cells = [String(from + at + 1), label || '–', ...tokens, miss, ...times, tools.join(', ') || reason];
    return { key: `${chosen}/${from + at}`, cells };
  });
  fillTable('life', lines);
}
