import { readFileSync } from 'node:fs';
import { COLUMNS, type TableName } from './columns.js';

/** A file of the page: its text and type. */
export interface Asset {
  readonly type: string;
  readonly text: string;
}

const table = (id: TableName) => {
  const heads = COLUMNS[id].map(
    ({ head, meaning }) => `<th scope="col"><button title="${meaning}">${head}</button></th>`,
  );
  return `<div class="rows"><table id="${id}" hidden><thead><tr>${heads.join('')}</tr></thead><tbody></tbody></table></div>`;
};
const words = (id: TableName) =>
  `<details><summary>What the columns mean</summary><dl>${COLUMNS[id].map(({ head, meaning }) => `<dt>${head}</dt><dd>${meaning}</dd>`).join('')}</dl></details>`;

/** A button that asks for a text, and its place. */
const text = (id: string) =>
  `<p id="${id}-note" class="note" role="status" hidden></p><p><button id="${id}-ask" hidden></button></p><div id="${id}"></div>`;

const HTML = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Banyan: inspector</title><link rel="stylesheet" href="/inspector/style.css">
<script type="module" src="/inspector/main.js"></script></head>
<body><header><h1>Inspector</h1><p id="state" role="status">connecting</p><p id="numbers"></p></header>
<form id="key-form" hidden><label>Key of an administrator <input id="key" type="password" autocomplete="off"></label> <button>Watch</button></form>
<main><section><h2>Agents</h2><p>Press a number to see the calls of that agent, and why each missed the cache. A head sorts.</p><p id="agents-note" class="note" role="status" hidden></p>${table('agents')}${words('agents')}
<h3 id="life-title">Calls</h3><p id="life-note" class="note" hidden></p>${table('life')}${words('life')}${text('call-text')}</section>
<section><h2>Requests</h2><p id="requests-note" class="note" hidden></p>${table('requests')}${words('requests')}</section>
<section><h2 id="tree-title">Prefix tree</h2><p>What prompts have in common stands above what each adds. A box is as wide as the pages of its node and all below it; its colour and letter say why they are kept, its number how many pages are its own.</p>
<canvas id="tree" tabindex="0" role="img" aria-label="Prefix tree; arrow keys choose a node" aria-describedby="node"></canvas><p id="node" aria-live="polite">Choose a node.</p>${text('node-text')}
<p id="legend"><span><i class="path"></i><b id="path-words"></b></span><span><i class="picked"></i>the node that is chosen</span><span><i>▌</i>a state of recurrent layers is saved at its end; in two pieces: on disk alone</span></p></section>
<div id="live-only"><section><h2>Steps</h2><p>Each bar is a step of the model, as tall as it was long. Arrow keys go from bar to bar.</p><canvas id="steps" tabindex="0" role="img" aria-label="Times of the latest steps; arrow keys choose one" aria-describedby="steps-note"></canvas><p><span class="key"><i class="hatched"></i>orange, hatched: it computes prompts (others may write answers in it)</span><span class="key"><i class="plain"></i>blue: it writes answers only</span></p><p id="steps-note"></p></section>
<section><h2>Page map</h2><p>A square is a page of the pool, with the colour and letter of the tree.</p><canvas id="pages" role="img" aria-label="Each page of the pool, with the colour and letter of the tree" aria-describedby="pages-note"></canvas><p id="pages-note"></p></section></div></main><div id="tip" hidden></div></body></html>
`;

const CSS = `:root { color-scheme: light dark; --ink: #1a1d21; --back: #fdfdfc; --rule: #d5d8dc; --mark: #dbeaf7; --low: #a33b00; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8ea; --back: #16181b; --rule: #3a3f45; --mark: #1f3a52; --low: #ffb37a; } }
body { font: 14px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--back); margin: 0 auto; max-width: 1200px; padding: 0 16px 48px; }
[hidden] { display: none !important; } header { display: flex; flex-wrap: wrap; align-items: baseline; column-gap: 12px; } #numbers { flex-basis: 100%; }
h1 { font-size: 20px; margin: 12px 0 0; } h2 { font-size: 16px; margin: 20px 0 4px; border-top: 1px solid var(--rule); padding-top: 10px; } h3 { font-size: 14px; margin: 14px 0 4px; }
p { margin: 4px 0 8px; } canvas { width: 100%; display: block; color: var(--ink); }
.rows { max-height: 27em; overflow: auto; } .rows:has(#life) { max-height: 40em; } td button { padding: 0 8px; line-height: 1.35; } table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 2px 8px; border-bottom: 1px solid var(--rule); overflow-wrap: break-word; vertical-align: top; } th { position: sticky; top: 0; background: var(--back); }
th button { font: inherit; font-weight: 600; text-align: left; color: inherit; background: none; border: 0; padding: 0; cursor: pointer; text-decoration: underline dotted; text-underline-offset: 3px; }
th[aria-sort=descending] button::after { content: ' \u25bc'; } th[aria-sort=ascending] button::after { content: ' \u25b2'; }
tr.chosen td { background: var(--mark); } tr.chosen td:first-child { box-shadow: inset 4px 0 var(--ink); } td.low { color: var(--low); font-weight: 700; white-space: nowrap; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; max-height: 24em; overflow: auto; margin: 4px 0 8px; padding: 6px; border: 1px solid var(--rule); } h4 { margin: 8px 0 0; }
.note { font-weight: 600; } details { margin: 4px 0; } dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 12px; margin: 4px 0; } dt { font-weight: 600; } dd { margin: 0; }
button { font: inherit; } :focus-visible { outline: 3px solid #56b4e9; outline-offset: 2px; } #state { font-weight: 600; }
#legend span, .key { display: inline-block; margin-right: 14px; } #legend b { font-weight: 400; } #legend i, .key i { display: inline-block; width: 14px; height: 14px; margin-right: 5px; border: 1px solid var(--rule); font: 10px/14px system-ui; text-align: center; vertical-align: middle; }
#legend .path { border: 2px solid var(--ink); } #legend .picked { border: 2px dashed var(--ink); } .key .hatched { background: repeating-linear-gradient(135deg, #e69f00 0 3px, #7a5400 3px 4px); } .key .plain { background: #56b4e9; }
#tip { position: fixed; z-index: 1; max-width: 420px; padding: 4px 8px; background: var(--ink); color: var(--back); pointer-events: none; border-radius: 4px; }
`;

const SCRIPTS = [
  ...['main', 'canvas', 'icicle', 'kept-beside', 'kept-calls', 'lists', 'node-line', 'outliers'],
  ...['page-map', 'palette', 'shown', 'step-chart', 'tables', 'text-box', 'tip'],
];

/** The page asks nothing of other places, and runs no script but its own. */
export const CONTENT_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** A file of the inspector's page by its name, '' being the page; undefined: there is none. It holds nothing of an engine. */
export function asset(name: string): Asset | undefined {
  if (name === '') return { type: 'text/html; charset=utf-8', text: HTML };
  if (name === 'style.css') return { type: 'text/css; charset=utf-8', text: CSS };
  const script = /^([a-z-]+)\.js$/.exec(name)?.[1] ?? '';
  if (!SCRIPTS.includes(script)) return undefined;
  const path = new URL(`../../dist/inspector/page/${script}.js`, import.meta.url);
  return { type: 'text/javascript; charset=utf-8', text: readFileSync(path, 'utf8') };
}
