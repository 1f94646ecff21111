import { html, raw } from 'hono/html';
import { type Chart, svgOf } from '../chart.js';
import { type Report, show } from '../report.js';
import { measureOf } from './cases.js';
import type { Comparison } from './compare.js';
import { ratioOf } from './summary.js';

const STYLE = `
  body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 76rem; padding: 0 1rem; color: #1a1a1a; background: #fff; }
  table { border-collapse: collapse; margin: .5rem 0 1.5rem; font-variant-numeric: tabular-nums; display: block; overflow-x: auto; }
  th, td { padding: .25rem .7rem; border-bottom: 1px solid #ddd; text-align: right; white-space: nowrap; }
  th:first-child, td:first-child { text-align: left; }
  .lost { color: #b00020; font-weight: 600; }
  code { background: #f3f3f3; padding: 0 .25rem; }
  dt { font-weight: 600; } dd { margin: 0 0 .4rem 1rem; overflow-wrap: anywhere; }
  svg { max-width: 100%; height: auto; }
`;

/** The ratios as bars: one is as good as ours, more is worse. */
function ratioChart({ compared }: Comparison): Chart {
  const points = compared.flatMap((each) => {
    const [ours, ...others] = each.systems;
    if (!ours) return [];
    return others.flatMap((other) => {
      const ratio = ratioOf(ours, other, measureOf(each.case).of);
      return ratio ? [{ series: other.name, x: each.name, y: ratio.times }] : [];
    });
  });
  return { title: 'times of ours that others take', x: 'case', y: 'x', points, bars: true };
}

/** A comparison as one page that needs no other file and no network. */
export async function pageOf(comparison: Comparison, report: Report, command: string, facts: Record<string, unknown>) {
  const chart = raw(await svgOf([ratioChart(comparison)]));
  const losses = report.findings.filter((finding) => /LOST|MISSED|FAILED/.test(finding));
  const list = (findings: readonly string[], cls: string) =>
    html`<ul>${findings.map((finding) => html`<li class="${cls}">${finding}</li>`)}</ul>`;
  const page = html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Banyan: comparison</title><style>${raw(STYLE)}</style></head>
<body>
<h1>Engines for agents, compared</h1>
<p>Ratios first: how many times longer another system takes than <b>${comparison.compared[0]?.systems[0]?.name ?? ''}</b> for the same calls,
with the same prompts, tools and answer lengths. 2x means twice as long; below 1x the other one is better. Made by <code>${command}</code></p>
${chart}
${report.tables.slice(0, 1).map(asTable)}
<h2>What was found</h2>
${list(
  report.findings.filter((finding) => !losses.includes(finding)),
  '',
)}
<h2>Losses, targets missed, failures</h2>
${losses.length > 0 ? list(losses, 'lost') : html`<p>None.</p>`}
<h2>Each case</h2>
${report.tables.slice(1).map(asTable)}
<h2>How it was measured</h2>
<dl>${Object.entries({ ...facts, ...report.setup }).map(([key, value]) => html`<dt>${key}</dt><dd>${String(value)}</dd>`)}</dl>
</body></html>
`;
  return String(await page);
}

const asTable = ({ title, columns, rows }: Report['tables'][number]) => html`<h3>${title}</h3>
<table><thead><tr>${columns.map((column) => html`<th>${column}</th>`)}</tr></thead>
<tbody>${rows.map((row) => html`<tr>${row.map((cell) => html`<td>${show(cell)}</td>`)}</tr>`)}</tbody></table>`;
