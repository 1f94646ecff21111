import type { EndedCall, NotTold, Told } from '../told-types.js';
import { drawIcicle, neighbour, type Placed, placeNodes, ROW } from './icicle.js';
import { fillAgents, fillLife, fillRequests, number } from './lists.js';
import { paintPages } from './page-map.js';
import { colourOf, inkOn, letterOf, meaningOf, STATES } from './palette.js';
import { rowsOf } from './shown.js';
import { paintSteps } from './step-chart.js';
import { find, line } from './tables.js';

/** Calls of a live engine that are remembered, of all agents. */
const MOST_CALLS = 2_000;

let shown: Told | undefined;
let placed: Placed[] = [];
let chosenNode = 0;
let chosenAgent: number | undefined;
let calls: EndedCall[] = [];

function paint(): void {
  if (!shown) return;
  const { words, tables } = shown;
  const requests = rowsOf(tables.requests);
  const programs = rowsOf(tables.programs);
  placed = placeNodes(rowsOf(tables.nodes), words.kept);
  const running = requests.filter(({ waitsFor }) => waitsFor === 0).length;
  find('numbers').textContent = headline(shown, running, requests.length - running);
  paintTree();
  find('live-only').hidden = shown.recorded !== undefined;
  if (shown.recorded === undefined) {
    paintPages(shown);
    paintSteps(rowsOf(tables.steps));
  }
  fillRequests(requests, shown);
  fillAgents(programs, shown, { calls, chosen: chosenAgent, choose });
  fillLife(
    calls,
    chosenAgent,
    programs.some(({ id }) => id === chosenAgent),
  );
}

function headline({ model, recorded, ...now }: Told, running: number, waiting: number): string {
  const left = now.nodesLeftOut > 0 ? ` (${number(now.nodesLeftOut)} deeper ones not shown)` : '';
  const nodes = `${number(placed.length)} nodes${left}`;
  if (recorded !== undefined) return `${model}: ${recorded}; ${nodes}, ${running} calls without an end`;
  const used = `${number(now.pagesTotal - now.pagesFree)} of ${number(now.pagesTotal)} pages used`;
  return `${model}: ${used}, ${nodes}, ${running} running, ${number(waiting + now.waitingLeftOut)} waiting`;
}

function paintTree(): void {
  if (!shown) return;
  const own = new Set(
    rowsOf(shown.tables.holds)
      .filter(({ program }) => chosenAgent && program === chosenAgent)
      .map(({ node }) => node ?? 0),
  );
  drawIcicle(find<HTMLCanvasElement>('tree'), placed, chosenNode, own);
  const at = placed.find(({ node }) => node.id === chosenNode);
  if (!at) return;
  const { begin = 0, tokens = 0, pages, users, onDisk, program, id } = at.node;
  const facts = [
    `${number(pages)} pages`,
    `kept: ${at.why} (${meaningOf(at.why)})`,
    `${number(users)} running requests on it`,
    ...(onDisk ? [`${number(onDisk)} tokens on disk too`] : []),
    ...(program ? [`the end of what agent ${program} has`] : []),
  ];
  find('node').textContent = `Node ${id}: tokens ${number(begin)} to ${number(begin + tokens)}, ${facts.join(', ')}.`;
}

function choose(agent: number): void {
  chosenAgent = agent;
  paint();
  find('life-title').scrollIntoView({ block: 'nearest' });
}

const tree = find<HTMLCanvasElement>('tree');
tree.addEventListener('click', ({ offsetX, offsetY }) => {
  const [part, level] = [offsetX / tree.clientWidth, Math.floor(offsetY / ROW)];
  const hit = placed.find(({ depth, from, width }) => depth === level && part >= from && part < from + width);
  chosenNode = hit?.node.id ?? chosenNode;
  paintTree();
});
tree.addEventListener('keydown', (event) => {
  if (!event.key.startsWith('Arrow')) return;
  event.preventDefault();
  chosenNode = neighbour(placed, chosenNode, event.key);
  paintTree();
});
addEventListener('resize', paint);

const legend = find('legend');
for (const why of STATES) {
  const swatch = line('i', letterOf(why));
  swatch.style.backgroundColor = colourOf(why);
  swatch.style.color = inkOn(why);
  const entry = line('span', `${why}: ${meaningOf(why)}`);
  entry.prepend(swatch);
  legend.append(entry);
}

async function follow(key: string): Promise<void> {
  const headers: HeadersInit = key === '' ? {} : { authorization: `Bearer ${key}` };
  const answer = await fetch('/inspector/events', { headers });
  find('key-form').hidden = answer.status !== 401;
  if (!answer.ok || !answer.body) {
    const { error } = (await answer.json()) as { error?: { message?: string } };
    find('state').textContent = error?.message ?? `The server answered ${answer.status}`;
    return;
  }
  find('state').textContent = 'live';
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let waiting = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    const events = (waiting + value).split('\n\n');
    waiting = events.pop() ?? '';
    for (const event of events) take(event);
  }
  if (shown?.recorded === undefined) find('state').textContent = 'the server has gone: reload to try again';
}

function take(event: string): void {
  if (!event.startsWith('data: ')) return;
  const told = JSON.parse(event.slice(6)) as Told | NotTold;
  if ('error' in told) {
    find('state').textContent = told.error;
    return;
  }
  shown = told;
  calls = told.recorded === undefined ? [...calls, ...told.calls].slice(-MOST_CALLS) : [...told.calls];
  if (told.recorded !== undefined) find('state').textContent = 'recorded';
  if (!document.hidden) requestAnimationFrame(paint);
}

const watch = (key: string) =>
  void follow(key).catch(() => {
    find('state').textContent = 'the server cannot be reached: reload to try again';
  });
find('key-form').addEventListener('submit', (event) => {
  event.preventDefault();
  watch(find<HTMLInputElement>('key').value);
});
watch('');
