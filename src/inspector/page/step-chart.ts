import { emptied } from './canvas.js';
import type { Row } from './shown.js';
import { find } from './tables.js';

const LANE = 64;
const LABEL = 15;

/** Draws the latest steps as bars, as tall as they were long: those with prompts in the upper lane, hatched; the others in the lower one. */
export function paintSteps(steps: readonly Row[]): void {
  const canvas = find<HTMLCanvasElement>('steps');
  const height = 2 * (LANE + LABEL);
  const draw = emptied(canvas, height, '12px system-ui');
  if (!draw) return;
  const ink = getComputedStyle(canvas).color;
  const most = Math.max(0.001, ...steps.map(({ tookMs = 0 }) => tookMs));
  const width = canvas.clientWidth / Math.max(64, steps.length);
  steps.forEach(({ tookMs = 0, promptTokens = 0 }, at) => {
    const bar = Math.max(1, (tookMs / most) * LANE);
    const floor = promptTokens > 0 ? LABEL + LANE : height;
    const [x, w] = [at * width, Math.max(0.5, width - 0.5)];
    draw.fillStyle = promptTokens > 0 ? '#e69f00' : '#56b4e9';
    draw.fillRect(x, floor - bar, w, bar);
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
  draw.fillText('steps that compute prompts', 0, 11);
  draw.fillText('steps that write answers only', 0, LANE + LABEL + 11);
  draw.fillRect(0, LABEL + LANE, canvas.clientWidth, 1);
  const last = steps.at(-1);
  const number = (value: number | undefined) => (value ?? 0).toLocaleString('en');
  find('steps-note').textContent = last
    ? `The latest ${steps.length} steps, the longest ${most.toFixed(1)} ms. Step ${number(last.number)}: ${number(last.promptTokens)} prompt tokens, ${number(last.decodeRows)} answers one token further.`
    : 'No step yet.';
}
