import { find } from './tables.js';

const APART = 14;

/** Shows beside the pointer what `lineAt` says of a place in a canvas; nothing where it says nothing. */
export function hover(canvas: HTMLCanvasElement, lineAt: (x: number, y: number) => string | undefined): void {
  const tip = find('tip');
  canvas.addEventListener('pointermove', ({ offsetX, offsetY, clientX, clientY }) => {
    const text = lineAt(offsetX, offsetY) ?? '';
    tip.hidden = text === '';
    tip.textContent = text;
    const most = Math.max(0, innerWidth - tip.offsetWidth - APART);
    tip.style.left = `${Math.min(clientX + APART, most)}px`;
    const below = clientY + APART + tip.offsetHeight < innerHeight;
    tip.style.top = `${below ? clientY + APART : clientY - APART - tip.offsetHeight}px`;
  });
  canvas.addEventListener('pointerleave', () => {
    tip.hidden = true;
  });
}
