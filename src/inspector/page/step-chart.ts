import { emptied } from './canvas.js';
import type { Row } from './shown.js';
import { find, say } from './tables.js';

const LANE = 64;
const LABEL = 15;
/** Pixels at the left, for the axis. */
const AXIS = 64;
const FEWEST = 64;

let latest: readonly Row[] = [];
/** Number of the step that the keys have chosen; undefined: the latest one. */
let chosen: number | undefined;

const number = (value: number | undefined) => (value ?? 0).toLocaleString('en');
const widthOf = (canvas: HTMLCanvasElement) => (canvas.clientWidth - AXIS) / Math.max(FEWEST, latest.length);

const computesPrompts = ({ promptTokens = 0 }: Row) => promptTokens > 0;

/** Draws the latest steps as bars, as tall as they were long, in each lane on a scale of its own: those with prompts in the upper lane, hatched; the others in the lower one. */
export function paintSteps(steps: readonly Row[]): void {
  latest = steps;
  const canvas = find<HTMLCanvasElement>('steps');
  const height = 2 * (LANE + LABEL);
  const draw = emptied(canvas, height, '12px system-ui');
  if (!draw) return;
  const ink = getComputedStyle(canvas).color;
  const longest = (which: (step: Row) => boolean) =>
    Math.max(0.001, ...steps.filter(which).map(({ tookMs = 0 }) => tookMs));
  const [ofPrompts, ofAnswers] = [longest(computesPrompts), longest((step) => !computesPrompts(step))];
  const width = widthOf(canvas);
  steps.forEach(({ tookMs = 0, promptTokens = 0, number: step }, at) => {
    const bar = Math.max(1, (tookMs / (promptTokens > 0 ? ofPrompts : ofAnswers)) * LANE);
    const floor = promptTokens > 0 ? LABEL + LANE : height;
    const [x, w] = [AXIS + at * width, Math.max(0.5, width - 0.5)];
    draw.fillStyle = promptTokens > 0 ? '#e69f00' : '#56b4e9';
    draw.fillRect(x, floor - bar, w, bar);
    if (step === chosen) {
      draw.fillStyle = ink;
      draw.fillRect(x, floor - LANE, Math.max(2, w), LANE - bar);
    }
    if (promptTokens === 0 || w < 3) return;
    draw.strokeStyle = '#00000088';
    draw.beginPath();
    for (let y = floor - bar + w; y < floor; y += 5) {
      draw.moveTo(x, y);
      draw.lineTo(x + w, y - w);
    }
    draw.stroke();
  });
  draw.fillStyle = ink;
  for (const floor of [LABEL + LANE, height]) {
    draw.textAlign = 'left';
    draw.fillText(floor === height ? 'writing answers only' : 'computing prompts', AXIS, floor - LANE - 4);
    draw.textAlign = 'right';
    const most = floor === height ? ofAnswers : ofPrompts;
    if (most >= 0.05) draw.fillText(`${most.toFixed(1)} ms`, AXIS - 5, floor - LANE + 9);
    draw.fillText('0', AXIS - 5, floor - 1);
    draw.fillRect(AXIS - 1, floor - LANE, 1, LANE);
    draw.fillRect(AXIS - 1, floor - 1, canvas.clientWidth, 1);
  }
  const shown = steps.find((step) => step.number === chosen) ?? steps.at(-1);
  const note = `The latest ${steps.length} steps from left to right, the longest ${Math.max(ofPrompts, ofAnswers).toFixed(1)} ms; each lane has a scale of its own. ${shown ? lineOf(shown) : ''}`;
  say('steps-note', shown ? note : 'No step yet.');
}

const lineOf = ({ number: step, tookMs = 0, promptTokens, decodeRows }: Row) =>
  `Step ${number(step)}: ${tookMs.toFixed(1)} ms, ${number(promptTokens)} prompt tokens, ${number(decodeRows)} answers one token further.`;

/** What a bar of the canvas stands for. */
export function stepAt(x: number): string | undefined {
  const step = latest[Math.floor((x - AXIS) / widthOf(find<HTMLCanvasElement>('steps')))];
  return step && lineOf(step);
}

/** Chooses the step beside the one that is chosen. */
export function moveStep(by: -1 | 1): void {
  const at = latest.findIndex((step) => step.number === chosen);
  const next = (at < 0 ? latest.length - 1 : at) + by;
  chosen = latest[Math.min(latest.length - 1, Math.max(0, next))]?.number;
  paintSteps(latest);
}
