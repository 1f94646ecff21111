import { mkdirSync, writeFileSync } from 'node:fs';
import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import { results } from './report.js';

export interface Point {
  series: string;
  x: number | string;
  y: number;
}

export interface Chart {
  title: string;
  x: string;
  y: string;
  points: Point[];
  logX?: boolean;
  logY?: boolean;
  /** Bars for names on the x axis, lines for numbers. */
  bars?: boolean;
}

/** Draws charts side by side into bench/results/<name>.svg. */
export async function draw(name: string, charts: Chart[]): Promise<void> {
  mkdirSync(results, { recursive: true });
  writeFileSync(new URL(`${name}.svg`, results), `${await svgOf(charts)}\n`);
}

/** Charts side by side, as the text of an SVG. */
export async function svgOf(charts: Chart[]): Promise<string> {
  const spec: TopLevelSpec = {
    background: 'white',
    hconcat: charts.map(panel),
    resolve: { scale: { color: 'shared' } },
  };
  const view = new View(parse(compile(spec).spec), { renderer: 'none' });
  return view.toSVG();
}

function panel({ title, x, y, points, logX = false, logY = false, bars = false }: Chart) {
  const scale = (log: boolean) => (log ? ({ type: 'log' } as const) : ({ zero: false } as const));
  const across = bars
    ? { field: 'x', type: 'nominal' as const, title: x, sort: null, axis: { labelAngle: 0 } }
    : { field: 'x', type: 'quantitative' as const, title: x, scale: scale(logX) };
  return {
    title,
    width: 320,
    height: 220,
    data: { values: points },
    mark: bars ? ('bar' as const) : { type: 'line' as const, point: true },
    encoding: {
      x: across,
      y: { field: 'y', type: 'quantitative' as const, title: y, scale: bars && !logY ? {} : scale(logY) },
      color: { field: 'series', type: 'nominal' as const, title: null },
      ...(bars && { xOffset: { field: 'series' } }),
    },
  };
}
