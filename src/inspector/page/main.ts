import { drawIcicle, neighbour, type Placed, placeNodes, ROW } from './icicle.js';
import { colourOf } from './palette.js';
import { bytesOf, type EndedCall, type Row, rowsOf, type Shown } from './shown.js';
import { fillTable, find, line } from './tables.js';

/** Calls that are remembered, of all agents. */
const MOST_CALLS = 2_000;
const WAITS: Readonly<Record<string, string>> = {
  none: 'runs',
  prefix: 'another request computes the same prefix',
  load: 'its pages are read from disk',
  slot: 'all slots are taken',
  gate: "its program's turn: the pages suffice for no more programs",
  pages: 'free pages for its prompt',
  turn: 'the next step, or those that go first',
};

let shown: Shown | undefined;
let placed: Placed[] = [];
let chosenNode = 0;
let chosenAgent = 0;
let calls: EndedCall[] = [];

const number = (value: number | undefined) => Math.round(value ?? 0).toLocaleString('en');

function paint(): void {
  if (!shown) return;
  const { words, tables, pagesTotal, pagesFree, nodesLeftOut, waitingLeftOut, model } = shown;
  const nodes = rowsOf(tables.nodes);
  const requests = rowsOf(tables.requests);
  const programs = rowsOf(tables.programs);
  placed = placeNodes(nodes, words.kept);
  const running = requests.filter(({ waitsFor }) => waitsFor === 0).length;
  find('numbers').textContent =
    `${model}: ${number(pagesTotal - pagesFree)} of ${number(pagesTotal)} pages used, ${number(nodes.length)} nodes` +
    `${nodesLeftOut > 0 ? ` (${number(nodesLeftOut)} deeper ones not shown)` : ''}, ${running} running, ` +
    `${requests.length - running + waitingLeftOut} waiting`;
  paintTree();
  paintPages(shown);
  paintSteps(rowsOf(tables.steps));
  fillTable(
    'requests',
    requests
      .slice(0, 200)
      .map((request) => [
        number(request.id),
        request.program ? number(request.program) : '–',
        words.classes[request.class ?? 0] ?? '',
        WAITS[words.waitsFor[request.waitsFor ?? 0] ?? ''] + (request.producer ? ` (request ${request.producer})` : ''),
        number(request.waitedMs),
        `${number(request.cachedTokens)} / ${number(request.promptTokens)}`,
        number(request.outputTokens),
        number(request.pages),
      ]),
  );
  fillTable(
    'agents',
    programs
      .slice(0, 500)
      .map((agent) => [
        number(agent.id),
        words.phases[agent.phase ?? 0] ?? '',
        number(agent.calls),
        number(agent.promptTokens),
        `${number((100 * (agent.cachedTokens ?? 0)) / Math.max(1, agent.promptTokens ?? 0))} %`,
        number(agent.computedTokens),
        number(agent.outputTokens),
        number(agent.lostTokens),
        number(agent.waitedMs),
        number(agent.actingMs),
      ]),
    (row) => choose(programs[row]?.id ?? 0),
  );
  paintLife(programs.find(({ id }) => id === chosenAgent));
}

function paintTree(): void {
  if (!shown) return;
  const own = new Set(
    rowsOf(shown.tables.holds)
      .filter(({ program }) => chosenAgent !== 0 && program === chosenAgent)
      .map(({ node }) => node ?? 0),
  );
  drawIcicle(find<HTMLCanvasElement>('tree'), placed, chosenNode, own);
  const at = placed.find(({ node }) => node.id === chosenNode);
  if (!at) return;
  const { node } = at;
  find('node').textContent =
    `Node ${node.id}: tokens ${number(node.begin)} to ${number((node.begin ?? 0) + (node.tokens ?? 0))}, ${number(node.pages)} pages, ` +
    `kept: ${at.why}, ${number(node.users)} running requests on it, ${number(node.onDisk)} tokens on disk too` +
    `${node.program ? `, ends a path of agent ${node.program}` : ''}.`;
}

function paintPages({ pages, pagesPerCell, words }: Shown): void {
  const canvas = find<HTMLCanvasElement>('pages');
  const cells = bytesOf(pages);
  const size = cells.length > 4_000 ? 4 : 9;
  const across = Math.max(1, Math.floor(canvas.clientWidth / size));
  canvas.width = across * size;
  canvas.height = Math.ceil(cells.length / across) * size;
  canvas.style.height = `${canvas.height}px`;
  const draw = canvas.getContext('2d');
  const states = ['free', 'held', ...words.kept];
  cells.forEach((state, cell) => {
    if (!draw) return;
    draw.fillStyle = colourOf(states[state] ?? '');
    draw.fillRect((cell % across) * size, Math.floor(cell / across) * size, size - 1, size - 1);
  });
  find('pages-note').textContent = pagesPerCell > 1 ? `A square stands for ${pagesPerCell} pages.` : '';
}

function paintSteps(steps: readonly Row[]): void {
  const canvas = find<HTMLCanvasElement>('steps');
  canvas.width = canvas.clientWidth;
  canvas.height = 90;
  const draw = canvas.getContext('2d');
  const most = Math.max(1, ...steps.map(({ tookMs = 0 }) => tookMs));
  const width = canvas.width / Math.max(64, steps.length);
  steps.forEach(({ tookMs = 0, promptTokens = 0 }, at) => {
    if (!draw) return;
    const height = Math.max(1, (tookMs / most) * 86);
    draw.fillStyle = promptTokens > 0 ? '#e69f00' : '#56b4e9';
    draw.fillRect(at * width, 90 - height, Math.max(0.5, width - 0.5), height);
  });
  const last = steps.at(-1);
  find('steps-note').textContent = last
    ? `Latest ${steps.length} steps, the tallest ${most.toFixed(1)} ms. Orange computes prompts, blue only decodes. Step ${last.number}: ${number(last.promptTokens)} prompt tokens, ${number(last.decodeRows)} decodes.`
    : 'No step yet.';
}

function paintLife(agent: Row | undefined): void {
  const own = calls.filter(({ program }) => program === chosenAgent && chosenAgent !== 0);
  find('life-title').textContent = chosenAgent
    ? `Agent ${chosenAgent}${agent ? '' : ' (no longer known)'}`
    : 'Choose an agent above';
  fillTable(
    'life',
    own.map((call, at) => [
      String(at + 1),
      call.label || '–',
      number(call.promptTokens),
      number(call.cachedTokens),
      call.miss,
      number(call.queueMs),
      number(call.totalMs),
      call.tools.join(', ') || call.reason,
    ]),
  );
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
for (const why of ['running', 'pinned', 'static', 'next', 'acting', 'idle', 'finished', 'abandoned', 'held', 'free']) {
  const swatch = line('i', '');
  swatch.style.backgroundColor = colourOf(why);
  const entry = line('span', why);
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
  find('state').textContent = 'the server has gone: reload to try again';
}

function take(event: string): void {
  if (!event.startsWith('data: ')) return;
  const told = JSON.parse(event.slice(6)) as Shown | { error: string };
  if ('error' in told) {
    find('state').textContent = told.error;
    return;
  }
  shown = told;
  calls = [...calls, ...told.calls].slice(-MOST_CALLS);
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
