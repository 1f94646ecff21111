import type { Moment } from '../told-types.js';
import { emptied } from './canvas.js';
import { colourOf, inkOn, letterOf, meaningOf } from './palette.js';
import { find, say } from './tables.js';

/** Squares that are large enough for a letter; with more, each stands for several pages and shows the best reason among them. */
const LETTERED = 3_000;
const SIDE = 13;

/** What was drawn last: the state of each square, how many pages it stands for, squares in a row. */
let drawn: { readonly states: readonly string[]; readonly each: number; readonly across: number } | undefined;

/** Draws a square a page, of `cells` a byte each, with the letter of its state, and says how many there are of each. */
export function paintPages(cells: Uint8Array, { pagesPerCell, words }: Moment): void {
  const canvas = find<HTMLCanvasElement>('pages');
  const states = ['free', 'held', ...words.kept];
  const merged = Math.max(1, Math.ceil(cells.length / LETTERED));
  const shown = Array.from({ length: Math.ceil(cells.length / merged) }, (_, at) =>
    cells.subarray(at * merged, (at + 1) * merged).reduce((most, state) => Math.max(most, state), 0),
  );
  const across = Math.max(1, Math.floor(canvas.clientWidth / SIDE));
  const height = Math.ceil(shown.length / across) * SIDE;
  const draw = emptied(canvas, height, '9px system-ui');
  if (!draw) return;
  draw.textAlign = 'center';
  shown.forEach((state, cell) => {
    const why = states[state] ?? '';
    const [x, y] = [(cell % across) * SIDE, Math.floor(cell / across) * SIDE];
    draw.fillStyle = colourOf(why);
    draw.fillRect(x, y, SIDE - 1, SIDE - 1);
    draw.fillStyle = inkOn(why);
    draw.fillText(letterOf(why), x + (SIDE - 1) / 2, y + 9.5);
  });
  const each = pagesPerCell * merged;
  const found = new Array<number>(states.length).fill(0);
  for (const state of cells) found[state] = (found[state] ?? 0) + pagesPerCell;
  const counts = states
    .map((why, state) => [why, found[state] ?? 0] as const)
    .filter(([, count]) => count > 0)
    .map(([why, count]) => `${count.toLocaleString('en')} ${why}`);
  drawn = { states: shown.map((state) => states[state] ?? ''), each, across };
  say(
    'pages-note',
    `${pagesPerCell > 1 ? 'About ' : ''}${counts.join(', ')}.${each > 1 ? ` A square stands for ${each} pages and shows the strongest reason among them.` : ''}`,
  );
}

/** What a square of the canvas stands for. */
export function pageAt(x: number, y: number): string | undefined {
  if (!drawn || x >= drawn.across * SIDE) return undefined;
  const { states, each, across } = drawn;
  const cell = Math.floor(y / SIDE) * across + Math.floor(x / SIDE);
  const why = states[cell];
  if (why === undefined) return undefined;
  const pages = each === 1 ? `Page ${cell + 1}` : `Pages ${cell * each + 1} to ${(cell + 1) * each}`;
  return `${pages}: ${why} (${meaningOf(why)})`;
}
