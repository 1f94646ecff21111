/** Colours that colour-blind people tell apart (Okabe and Ito), with a pattern for what may not be evicted. */
const COLOURS: Readonly<Record<string, string>> = {
  free: '#8883',
  held: '#999999',
  abandoned: '#b0a8a0',
  finished: '#8a8f98',
  idle: '#cc79a7',
  acting: '#e69f00',
  next: '#f0e442',
  static: '#56b4e9',
  pinned: '#0072b2',
  running: '#009e73',
};

export const colourOf = (why: string): string => COLOURS[why] ?? '#999999';

/** Hatches a rectangle that no eviction takes: pinned falls, running rises. */
export function hatch(draw: CanvasRenderingContext2D, why: string, x: number, y: number, w: number, h: number): void {
  if ((why !== 'pinned' && why !== 'running') || w < 6) return;
  draw.save();
  draw.beginPath();
  draw.rect(x, y, w, h);
  draw.clip();
  draw.strokeStyle = '#ffffff55';
  draw.beginPath();
  for (let at = -h; at < w; at += 8) {
    draw.moveTo(x + at, why === 'running' ? y + h : y);
    draw.lineTo(x + at + h, why === 'running' ? y : y + h);
  }
  draw.stroke();
  draw.restore();
}
