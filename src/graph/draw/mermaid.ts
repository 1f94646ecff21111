import type { Node } from '../node.js';
import type { Graph } from '../step.js';

/** How each kind of node is drawn: what stands around its name. */
const SHAPES: Record<Node['kind'], readonly [string, string]> = {
  input: ['([', '])'],
  ask: ['[', ']'],
  agent: ['[[', ']]'],
  code: ['{{', '}}'],
  pipe: ['>', ']'],
};

/** The graph as a Mermaid flowchart. */
export function mermaid({ steps, outputs }: Graph): string {
  const ids = new Map(steps.map((step, index) => [step, `n${index}`]));
  const lines = steps.map((step) => {
    const [open, close] = SHAPES[step.node.kind];
    return `  ${ids.get(step)}${open}"${escaped(step.node.name)}"${close}`;
  });
  const arrows = steps.flatMap((step) =>
    step.after.map((other) => `  ${ids.get(other)} ${step.node.kind === 'pipe' ? '-.->' : '-->'} ${ids.get(step)}`),
  );
  const ends = Object.entries(outputs).map(
    ([name, step], index) => `  ${ids.get(step)} --> o${index}(["${escaped(name)}"])`,
  );
  return ['flowchart LR', ...lines, ...arrows, ...ends, ''].join('\n');
}

const escaped = (name: string): string => name.replace(/["#<>&\n]/g, (character) => `#${character.codePointAt(0)};`);
