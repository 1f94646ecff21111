import { emptied } from './canvas.js';
import { colourOf, hatch, inkOn, letterOf } from './palette.js';
import type { Row } from './shown.js';

/** A node with the place that it has in the drawing, in parts of the width; depth from 0. */
export interface Placed {
  readonly node: Row;
  readonly why: string;
  readonly from: number;
  readonly width: number;
  readonly depth: number;
}

/** Places each node beside its siblings and under its parent, as wide as its pages and those below it. */
export function placeNodes(nodes: readonly Row[], kept: readonly string[]): Placed[] {
  const sums = new Map<number, number>(nodes.map(({ id = 0, pages = 0 }) => [id, Math.max(pages, 0.25)]));
  for (const { id = 0, parent = 0 } of [...nodes].reverse()) {
    if (parent !== 0) sums.set(parent, (sums.get(parent) ?? 0) + (sums.get(id) ?? 0));
  }
  const whole = nodes.filter(({ parent }) => parent === 0).reduce((sum, { id = 0 }) => sum + (sums.get(id) ?? 0), 0);
  const next = new Map<number, { at: number; depth: number }>([[0, { at: 0, depth: -1 }]]);
  return nodes.flatMap((node) => {
    const { id = 0, parent = 0 } = node;
    const above = next.get(parent);
    if (!above || whole === 0) return [];
    const width = (sums.get(id) ?? 0) / whole;
    const placed = { node, why: kept[node.kept ?? 0] ?? '', from: above.at, width, depth: above.depth + 1 };
    next.set(id, { at: above.at, depth: placed.depth });
    above.at += width;
    return [placed];
  });
}

const ROW = 22;
/** How visible what is not of the chosen agent is. */
const FADED = 0.3;

/**
 * Draws what is at least half a pixel wide. `chosen`: the node with a broken frame. `path`: nodes of the chosen agent are outlined, the
 * others fade; empty: none does.
 */
export function drawIcicle(
  canvas: HTMLCanvasElement,
  placed: readonly Placed[],
  chosen: number,
  path: ReadonlySet<number>,
): void {
  const width = canvas.clientWidth;
  const depth = placed.reduce((most, one) => Math.max(most, one.depth), 0) + 1;
  const height = Math.min(40, Math.max(4, depth)) * ROW;
  const draw = emptied(canvas, height, '12px system-ui');
  if (!draw) return;
  const { color: ink, backgroundColor: back } = getComputedStyle(document.body);
  for (const { node, why, from, width: part, depth: level } of placed) {
    const [x, w, y] = [from * width, part * width, level * ROW];
    if (w < 0.5) continue;
    const own = path.has(node.id ?? 0);
    draw.globalAlpha = path.size === 0 || own ? 1 : FADED;
    draw.fillStyle = colourOf(why);
    draw.fillRect(x, y, Math.max(0.5, w - 1), ROW - 1);
    hatch(draw, why, x, y, w - 1, ROW - 1);
    if (w > 11) {
      const pages = Number((node.pages ?? 0).toFixed(1)).toLocaleString('en');
      draw.fillStyle = inkOn(why);
      draw.fillText(
        w > 70 ? `${pages} p · ${why}` : letterOf(why),
        x + (w > 70 ? 6 : 2),
        y + 15,
        w > 70 ? w - 10 : w - 3,
      );
    }
    if (node.state || node.stateOnDisk) markState(draw, !node.state, x + w, y);
    draw.globalAlpha = 1;
    if (own) {
      frame(draw, back, [4, []], x, y, w);
      frame(draw, ink, [2, []], x, y, w);
    }
    if (node.id === chosen) {
      frame(draw, back, [5, []], x, y, w);
      frame(draw, ink, [3, [5, 3]], x, y, w);
    }
  }
}

/** A bar at a node's end where the state of recurrent layers is saved; of two pieces where it is on disk alone. */
function markState(draw: CanvasRenderingContext2D, onDiskAlone: boolean, end: number, y: number): void {
  draw.fillStyle = getComputedStyle(document.body).color;
  for (const [top, height] of onDiskAlone ? [[2, 7] as const, [12, 7] as const] : [[2, 17] as const])
    draw.fillRect(end - 5, y + top, 3, height);
}

function frame(
  draw: CanvasRenderingContext2D,
  colour: string,
  [thick, dashes]: [thick: number, dashes: number[]],
  x: number,
  y: number,
  w: number,
): void {
  draw.strokeStyle = colour;
  draw.lineWidth = Math.min(thick, Math.max(1, w / 2));
  draw.setLineDash(dashes);
  draw.strokeRect(x + 1.5, y + 1.5, Math.max(1, w - 4), ROW - 4);
  draw.setLineDash([]);
}

/** The node at a place of the canvas. */
export function nodeAt(placed: readonly Placed[], canvas: HTMLCanvasElement, x: number, y: number): Placed | undefined {
  const [part, level] = [x / canvas.clientWidth, Math.floor(y / ROW)];
  return placed.find(({ depth, from, width }) => depth === level && part >= from && part < from + width);
}

/** Where the arrow keys lead from a node: to its parent, first child, or the neighbour on its level. */
export function neighbour(placed: readonly Placed[], chosen: number, key: string): number {
  const at = placed.find(({ node }) => node.id === chosen);
  if (!at) return placed[0]?.node.id ?? 0;
  if (key === 'ArrowUp') return at.node.parent || chosen;
  if (key === 'ArrowDown') return placed.find(({ node }) => node.parent === chosen)?.node.id ?? chosen;
  const level = placed.filter(({ depth }) => depth === at.depth);
  return level[level.indexOf(at) + (key === 'ArrowRight' ? 1 : -1)]?.node.id ?? chosen;
}
