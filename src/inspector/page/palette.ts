/** How a state of a page or node looks: a colour that colour-blind people tell apart (Okabe and Ito), and a letter. */
interface Look {
  readonly colour: string;
  readonly letter: string;
  /** For the legend. */
  readonly meaning: string;
}

const LOOKS: Readonly<Record<string, Look>> = {
  running: { colour: '#009e73', letter: 'R', meaning: 'a running request reads it' },
  pinned: { colour: '#0072b2', letter: 'P', meaning: 'kept by a pin' },
  static: { colour: '#56b4e9', letter: 'S', meaning: 'instructions and tools' },
  next: { colour: '#f0e442', letter: 'N', meaning: 'announced for a next call' },
  acting: { colour: '#e69f00', letter: 'A', meaning: 'its agent is between two calls' },
  idle: { colour: '#cc79a7', letter: 'I', meaning: 'its agent may go on' },
  finished: { colour: '#8a8f98', letter: 'F', meaning: 'its agent has ended, or it had none' },
  abandoned: { colour: '#b0a8a0', letter: 'X', meaning: 'given up' },
  held: { colour: '#999999', letter: 'H', meaning: 'of one request, not shared' },
  free: { colour: '#8883', letter: '', meaning: 'empty' },
};

export const STATES = Object.keys(LOOKS);

export const colourOf = (why: string): string => LOOKS[why]?.colour ?? '#999999';
export const letterOf = (why: string): string => LOOKS[why]?.letter ?? '?';
export const meaningOf = (why: string): string => LOOKS[why]?.meaning ?? '';
/** A text on its colour: white on dark blue and green, else black. */
export const inkOn = (why: string): string => (why === 'pinned' ? '#ffffff' : '#000000');

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
