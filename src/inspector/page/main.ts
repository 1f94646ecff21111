import type { CallText, EndedCall, Moment, NotTold, Texts, Told } from '../told-types.js';
import { drawIcicle, neighbour, nodeAt, type Placed, placeNodes } from './icicle.js';
import { keptBeside } from './kept-beside.js';
import { KeptCalls } from './kept-calls.js';
import { ago, fillAgents, fillLife, fillRequests, number, share } from './lists.js';
import { callThrough, nodeLine, nodeOfCall, pathOf, type Tree, treeOf } from './node-line.js';
import { pageAt, paintPages } from './page-map.js';
import { colourOf, inkOn, letterOf, meaningOf, STATES } from './palette.js';
import { type Row, rowsOf, type Shown, shownAfter } from './shown.js';
import { moveStep, paintSteps, stepAt } from './step-chart.js';
import { find, line, say, sortable } from './tables.js';
import { TextBox } from './text-box.js';
import { hover } from './tip.js';

const ALL = { all: Number.POSITIVE_INFINITY, ofOne: Number.POSITIVE_INFINITY, ofNone: Number.POSITIVE_INFINITY };

let shown: Moment | undefined;
let rows: Shown | undefined;
let programs: readonly Row[] = [];
let placed: Placed[] = [];
let tree: Tree = treeOf([], []);
let chosenNode = 0;
let chosenAgent: number | undefined;
let chosenCall: number | undefined;
let calls = new KeptCalls<EndedCall>();
/** When the latest call ended. */
let lastMs: number | undefined;
/** With the key that was typed. */
let headers: HeadersInit = {};

async function askText(query: string): Promise<CallText> {
  const { model = '', feed = '' } = shown ?? {};
  const whose = `model=${encodeURIComponent(model)}&feed=${feed}`;
  const answer = await fetch(`/inspector/text?${query}&${whose}`, { headers });
  const told = (await answer.json()) as CallText & { error?: { message?: string } };
  if (!answer.ok) throw new Error(told.error?.message ?? `The server answered ${answer.status}`);
  return told;
}

const callText = new TextBox('call-text', askText);
const nodeText = new TextBox('node-text', askText);

/** Why no text can be asked for, and what to do. */
const NO_TEXTS: Readonly<Record<Exclude<Texts, 'shown'>, string>> = {
  off: 'Texts are not shown. To let an administrator read that of one call at a time: banyan serve --inspector-text --audit <path>.',
  unaudited: 'Texts are shown only where that is recorded: banyan serve --audit <path>.',
};

function paint(): void {
  if (!shown || !rows) return;
  const { words } = shown;
  const { tables, pages } = rows;
  const requests = rowsOf(tables.requests);
  const nodes = rowsOf(tables.nodes);
  programs = rowsOf(tables.programs);
  placed = placeNodes(nodes, words.kept);
  tree = treeOf(nodes, rowsOf(tables.holds));
  const running = requests.filter(({ waitsFor }) => waitsFor === 0).length;
  say('numbers', headline(shown, running, requests.length - running));
  fillRequests(requests, shown);
  find('live-only').hidden = shown.recorded !== undefined;
  paintChoice();
  if (shown.recorded !== undefined) return;
  paintPages(pages, shown);
  paintSteps(rowsOf(tables.steps));
}

/** What depends on what is chosen. */
function paintChoice(): void {
  if (!shown) return;
  fillAgents(programs, shown, { calls, chosen: chosenAgent, choose });
  const row = programs.find(({ id }) => id === chosenAgent);
  fillLife(calls, chosenAgent, row, { chosen: chosenCall, choose: chooseCall });
  paintTree();
}

function headline({ model, recorded, sums, ...now }: Moment, running: number, waiting: number): string {
  const left = now.nodesLeftOut > 0 ? ` (${number(now.nodesLeftOut)} deeper ones not shown)` : '';
  const nodes = `${number(placed.length)} nodes${left}`;
  const { promptTokens, cachedTokens, pagesEvicted } = sums;
  const cached = `${share(cachedTokens, promptTokens)} % of ${number(promptTokens)} prompt tokens from the cache`;
  if (recorded !== undefined)
    return [`${model}: ${recorded}`, cached, nodes, `${running} calls without an end`].join(' · ');
  return [
    `${model}: ${cached}`,
    `${running} running`,
    `${number(waiting + now.waitingLeftOut)} waiting`,
    `${number(now.pagesTotal - now.pagesFree)} of ${number(now.pagesTotal)} pages used`,
    `${number(pagesEvicted)} evicted so far`,
    ...keptBeside(now.tiers).map((pair) => pair.join(': ')),
    nodes,
    ...(lastMs === undefined ? [] : [`last call ${ago(now.nowMs - lastMs)}`]),
  ].join(' · ');
}

function paintTree(): void {
  if (!shown) return;
  const path = pathOf(tree, chosenAgent);
  drawIcicle(find<HTMLCanvasElement>('tree'), placed, chosenNode, path);
  const whose = chosenAgent ? `what agent ${chosenAgent} has` : 'what the chosen agent has';
  say('path-words', `outlined: ${whose}, from its root to the end of each call that is kept`);
  const at = placed.find(({ node }) => node.id === chosenNode);
  say('node', at ? lineOf(at) : 'Choose a node: click it, or move with the arrow keys.');
  offerTexts();
}

const lineOf = ({ node, why }: Placed) => (shown ? nodeLine(tree, node, why, calls, shown) : '');

function choose(agent: number): void {
  chosenAgent = agent;
  chosenCall = undefined;
  paintChoice();
  find('life-title').scrollIntoView({ block: 'nearest' });
}

/** Of the chosen call, and of the chosen node. */
function offerTexts(): void {
  const { texts } = shown ?? {};
  const call = calls
    .of(chosenAgent ?? 0)
    .find(({ number: place }) => chosenAgent !== undefined && place === chosenCall);
  if (texts !== 'shown') {
    const why = texts === undefined ? '' : NO_TEXTS[texts];
    callText.offer(undefined, call ? why : '');
    nodeText.offer(undefined, chosenNode === 0 ? '' : why);
    return;
  }
  const what = `Show the text of call ${call?.number}`;
  callText.offer(call && { key: String(call.order), what, query: `call=${call.order}` });
  const node = tree.nodes.get(chosenNode);
  const through = node && callThrough(tree, chosenNode, calls);
  if (!node || !through) {
    nodeText.offer(undefined, node ? 'No kept call is known to go through this node: its text cannot be told.' : '');
    return;
  }
  const { begin = 0, tokens = 0 } = node;
  const query = `call=${through.order}&from=${begin}&to=${begin + tokens}`;
  nodeText.offer({ key: String(chosenNode), what: `Show the text of node ${chosenNode}`, query });
}

/** Shows where a call of the chosen agent ended. */
function chooseCall(call: number): void {
  const asked = calls.of(chosenAgent ?? 0).find((one) => one.number === call);
  const node = asked && nodeOfCall(tree, asked);
  chosenCall = call;
  chosenNode = node ?? 0;
  paintChoice();
  const gone = `The end of call ${call} is no longer in the tree, or its pages are no agent's.`;
  if (node === undefined) say('node', gone);
  find('tree-title').scrollIntoView({ block: 'nearest' });
  find('node').scrollIntoView({ block: 'nearest' });
}

for (const table of ['agents', 'life', 'requests']) sortable(table, paint);

const treeCanvas = find<HTMLCanvasElement>('tree');
treeCanvas.addEventListener('click', ({ offsetX, offsetY }) => {
  chosenNode = nodeAt(placed, treeCanvas, offsetX, offsetY)?.node.id ?? chosenNode;
  paintTree();
});
treeCanvas.addEventListener('keydown', (event) => {
  if (!event.key.startsWith('Arrow')) return;
  event.preventDefault();
  chosenNode = neighbour(placed, chosenNode, event.key);
  paintTree();
});
hover(treeCanvas, (x, y) => {
  const at = nodeAt(placed, treeCanvas, x, y);
  return at && lineOf(at);
});
const steps = find<HTMLCanvasElement>('steps');
steps.addEventListener('keydown', (event) => {
  if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return;
  event.preventDefault();
  moveStep(event.key === 'ArrowLeft' ? -1 : 1);
});
hover(steps, stepAt);
hover(find<HTMLCanvasElement>('pages'), pageAt);
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
  headers = key === '' ? {} : { authorization: `Bearer ${key}` };
  const answer = await fetch('/inspector/events', { headers });
  find('key-form').hidden = answer.status !== 401;
  if (!answer.ok || !answer.body) {
    const { error } = (await answer.json()) as { error?: { message?: string } };
    say('state', error?.message ?? `The server answered ${answer.status}`);
    return;
  }
  say('state', 'live');
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let waiting = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    const events = (waiting + value).split('\n\n');
    waiting = events.pop() ?? '';
    for (const event of events) take(event);
  }
  if (shown?.recorded === undefined) say('state', 'the server has gone: reload to try again');
}

function take(event: string): void {
  if (!event.startsWith('data: ')) return;
  const told = JSON.parse(event.slice(6)) as Told | NotTold;
  if ('error' in told) {
    say('state', told.error);
    return;
  }
  shown = told;
  rows = shownAfter(rows, told);
  if (told.recorded !== undefined) {
    calls = new KeptCalls(ALL);
    say('state', 'recorded');
  }
  for (const call of told.calls) calls.add(call);
  lastMs = told.calls.at(-1)?.atMs ?? lastMs;
  if (!document.hidden) requestAnimationFrame(paint);
}

const watch = (key: string) =>
  void follow(key).catch(() => say('state', 'the server cannot be reached: reload to try again'));
find('key-form').addEventListener('submit', (event) => {
  event.preventDefault();
  watch(find<HTMLInputElement>('key').value);
});
watch('');
