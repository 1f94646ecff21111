import type { Graph, Step } from '../step.js';

const [WIDTH, HEIGHT, GAP_X, GAP_Y, MARGIN] = [150, 32, 60, 18, 16];
const LONGEST_NAME = 20;

interface Place {
  x: number;
  y: number;
}

/** The graph as an SVG image: a column a level, an arrow from each node to those that wait for it. Outputs have a thick border. */
export function svg({ steps, outputs }: Graph): string {
  const ends = new Set(Object.values(outputs));
  const places = new Map<Step, Place>();
  const columns: Step[][] = [];
  const levels = new Map<Step, number>();
  for (const step of steps) {
    const level = 1 + Math.max(-1, ...step.after.map((other) => levels.get(other) as number));
    levels.set(step, level);
    columns[level] ??= [];
    columns[level].push(step);
  }
  for (const [level, column] of columns.entries()) {
    for (const [row, step] of column.entries()) {
      places.set(step, { x: MARGIN + level * (WIDTH + GAP_X), y: MARGIN + row * (HEIGHT + GAP_Y) });
    }
  }
  const arrows = steps.flatMap((step) =>
    step.after.map((other) => arrow(places.get(other) as Place, places.get(step) as Place, step.node.kind === 'pipe')),
  );
  const boxes = steps.map((step) => box(step, places.get(step) as Place, ends.has(step)));
  const width = 2 * MARGIN + columns.length * (WIDTH + GAP_X) - GAP_X;
  const height = 2 * MARGIN + Math.max(...columns.map(({ length }) => length)) * (HEIGHT + GAP_Y) - GAP_Y;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">`,
    '<style>rect{fill:#f4f6f8;stroke:#456}path{fill:none;stroke:#789}text{fill:#123}.out{stroke-width:3}.pipe{stroke-dasharray:4}</style>',
    ...arrows,
    ...boxes,
    '</svg>',
    '',
  ].join('\n');
}

function arrow(from: Place, to: Place, dashed: boolean): string {
  const [x1, y1, x2, y2] = [from.x + WIDTH, from.y + HEIGHT / 2, to.x, to.y + HEIGHT / 2];
  const middle = (x1 + x2) / 2;
  return `<path${dashed ? ' class="pipe"' : ''} d="M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}"/>`;
}

function box({ node }: Step, { x, y }: Place, out: boolean): string {
  const round = node.kind === 'input' ? HEIGHT / 2 : node.kind === 'code' ? 0 : 6;
  const name = escaped(node.name);
  const short = escaped(node.name.length > LONGEST_NAME ? `${node.name.slice(0, LONGEST_NAME - 1)}…` : node.name);
  return (
    `<g><title>${name} (${node.kind})</title><rect${out ? ' class="out"' : ''} x="${x}" y="${y}" width="${WIDTH}" height="${HEIGHT}" rx="${round}"/>` +
    `<text x="${x + WIDTH / 2}" y="${y + HEIGHT / 2 + 4}" text-anchor="middle">${short}</text></g>`
  );
}

/** Whole characters that XML may hold, its own ones escaped. */
function escaped(name: string): string {
  return name
    .toWellFormed()
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replace(/[&<>"]/g, (character) => `&#${character.codePointAt(0)};`);
}
