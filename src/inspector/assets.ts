import { readFileSync } from 'node:fs';

/** A file of the page: its text and type. */
export interface Asset {
  readonly type: string;
  readonly text: string;
}

const table = (id: string, heads: readonly string[]) =>
  `<table id="${id}"><thead><tr>${heads.map((head) => `<th>${head}</th>`).join('')}</tr></thead><tbody></tbody></table>`;

const HTML = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Banyan: inspector</title><link rel="stylesheet" href="/inspector/style.css">
<script type="module" src="/inspector/main.js"></script></head>
<body><header><h1>Inspector</h1><p id="numbers"></p><p id="state" role="status">connecting</p></header>
<form id="key-form" hidden><label>Key of an administrator <input id="key" type="password" autocomplete="off"></label> <button>Watch</button></form>
<main><section><h2>Prefix tree</h2><p>What prompts have in common stands above what each adds. A box is as wide as its pages; colour and letter say why they are kept. Click one, or move with the arrow keys.</p><p id="legend"></p>
<canvas id="tree" tabindex="0" role="img" aria-label="Prefix tree; arrow keys choose a node" aria-describedby="node"></canvas><p id="node" aria-live="polite">Choose a node.</p></section>
<section><h2>Requests</h2>${table('requests', ['request', 'agent', 'class', 'waits for', 'waited ms', 'cached / prompt', 'output', 'pages'])}</section>
<section><h2>Agents</h2>${table('agents', ['agent', 'does', 'calls', 'prompt tokens', 'cached', 'computed', 'output', 'lost', 'waited ms', 'tools ms'])}<p id="agents-note"></p>
<h3 id="life-title">Choose an agent above</h3>${table('life', ['call', 'label', 'prompt tokens', 'cached', 'computed', 'from the cache, and why not all', 'queue ms', 'first token ms', 'total ms', 'ended with'])}</section>
<div id="live-only"><section><h2>Steps</h2><canvas id="steps" role="img" aria-describedby="steps-note"></canvas><p id="steps-note"></p></section>
<section><h2>Page map</h2><canvas id="pages" role="img" aria-label="Each page of the pool, with the colour and letter of the tree" aria-describedby="pages-note"></canvas><p id="pages-note"></p></section></div></main></body></html>
`;

const CSS = `:root { color-scheme: light dark; --ink: #1a1d21; --back: #fdfdfc; --rule: #d5d8dc; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8ea; --back: #16181b; --rule: #3a3f45; } }
body { font: 14px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--back); margin: 0 auto; max-width: 1200px; padding: 0 16px 48px; }
h1 { font-size: 20px; margin: 12px 0 0; } h2 { font-size: 16px; margin: 24px 0 4px; border-top: 1px solid var(--rule); padding-top: 12px; } h3 { font-size: 14px; }
p { margin: 4px 0 8px; } canvas { width: 100%; display: block; color: var(--ink); }
section { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 3px 8px; border-bottom: 1px solid var(--rule); overflow-wrap: break-word; } th { font-weight: 600; } tr.chosen td { box-shadow: inset 0 -2px var(--ink); }
button { font: inherit; } :focus-visible { outline: 3px solid #56b4e9; outline-offset: 2px; } #state { font-weight: 600; }
#legend span { display: inline-block; margin-right: 14px; } #legend i { display: inline-block; width: 14px; height: 14px; margin-right: 5px; border: 1px solid var(--rule); font: 10px/14px system-ui; text-align: center; vertical-align: middle; }
`;

const SCRIPTS = ['main', 'canvas', 'icicle', 'lists', 'page-map', 'palette', 'shown', 'step-chart', 'tables'];

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
