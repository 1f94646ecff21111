/** What to draw with on an empty canvas, as wide as it is shown and `height` high, in the screen's own pixels; undefined: nothing. */
export function emptied(canvas: HTMLCanvasElement, height: number, font: string): CanvasRenderingContext2D | undefined {
  const ratio = devicePixelRatio;
  canvas.style.height = `${height}px`;
  canvas.width = canvas.clientWidth * ratio;
  canvas.height = height * ratio;
  const draw = canvas.getContext('2d');
  if (!draw) return undefined;
  draw.scale(ratio, ratio);
  draw.font = font;
  return draw;
}
