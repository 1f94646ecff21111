import type { EndedCall, Moment } from '../told-types.js';
import { stateAt } from './kept-beside.js';
import { number } from './lists.js';
import { meaningOf } from './palette.js';
import type { Calls, Row } from './shown.js';

/** Agents that are named in a line. */
const NAMED = 5;

/** The tree of a moment: its nodes, and what holds their ends. */
export interface Tree {
  readonly nodes: ReadonlyMap<number, Row>;
  readonly holds: readonly Row[];
}

export const treeOf = (nodes: readonly Row[], holds: readonly Row[]): Tree => {
  return { nodes: new Map(nodes.map((node) => [node.id ?? 0, node])), holds };
};

/** Nodes from the root to each end of what an agent has. */
export function pathOf({ nodes, holds }: Tree, agent: number | undefined): ReadonlySet<number> {
  const path = new Set<number>();
  if (!agent) return path;
  for (const { program, node } of holds) {
    if (program !== agent) continue;
    for (let at = node ?? 0; at !== 0 && !path.has(at); at = nodes.get(at)?.parent ?? 0) path.add(at);
  }
  return path;
}

const endOf = ({ begin = 0, tokens = 0 }: Row) => begin + tokens;
/** The last token of an answer was sampled, and need not be computed. */
const endsAt = ({ promptTokens, outputTokens }: EndedCall, end: number) =>
  end === promptTokens + outputTokens || end === promptTokens + outputTokens - 1;

/** The node in which a call ended, or one of the same agent and length; undefined: it is no longer in the tree, or cannot be told. */
export function nodeOfCall(tree: Tree, call: EndedCall): number | undefined {
  const own = tree.holds.filter(({ program }) => program === call.program && program !== 0);
  const exact = own.find(({ node }) => endsAt(call, endOf(tree.nodes.get(node ?? 0) ?? {})));
  if (exact) return exact.node;
  const last = call.promptTokens + call.outputTokens - 1;
  const around = [...pathOf(tree, call.program)].filter((id) => {
    const node = tree.nodes.get(id) ?? {};
    return (node.begin ?? 0) < last && last <= endOf(node);
  });
  return around.length === 1 ? around[0] : undefined;
}

/** A kept call whose tokens go through a node, by its agent and length; undefined: none is known to. */
export function callThrough({ nodes, holds }: Tree, id: number, calls: Calls): EndedCall | undefined {
  for (const { program, node } of holds) {
    if (!program) continue;
    let at = node ?? 0;
    while (at !== 0 && at !== id) at = nodes.get(at)?.parent ?? 0;
    if (at === 0) continue;
    const end = endOf(nodes.get(node ?? 0) ?? {});
    const alike = calls.of(program).filter((call) => endsAt(call, end));
    if (alike.length === 1) return alike[0]; // of the same length they cannot be told apart
  }
  return undefined;
}

/** What there is to know of a node, in a line. Tokens are counted from 1. */
export function nodeLine(tree: Tree, node: Row, why: string, calls: Calls, shown: Moment): string {
  const { id = 0, begin = 0, tokens = 0, parent, users = 0, onDisk, children = 0 } = node;
  const state = stateAt(node);
  const beside = [...tree.nodes.values()].filter((one) => one.parent === parent && one.begin === begin).length - 1;
  const facts = [
    pagesIn(node, shown),
    `kept: ${why} (${meaningOf(why)})`,
    ...(users > 0 ? [`${number(users)} running request${users > 1 ? 's' : ''} on it`] : []),
    ...(onDisk ? [`${number(onDisk)} tokens on disk too`] : []),
    ...(state === '' ? [] : [state]),
    ...agentsOn(tree, id),
    ...(beside > 0
      ? [
          `${number(beside)} other node${beside > 1 ? 's begin' : ' begins'} at token ${number(begin + 1)} too: prompts part there`,
        ]
      : []),
    ...(children > 0 ? [`${number(children)} go${children === 1 ? 'es' : ''} on behind it`] : []),
    ...endsIn(tree, node, calls),
  ];
  return `Node ${id}: tokens ${number(begin + 1)} to ${number(begin + tokens)}; ${facts.join('; ')}.`;
}

/** Where it does not begin with a page, it has its own copy of that page, or shares it with the node above. */
function pagesIn({ begin = 0, pages = 0 }: Row, { pageTokens, recorded }: Moment): string {
  if (recorded !== undefined) return `${pages.toFixed(1)} pages`;
  const straddles = begin % Math.max(1, pageTokens) !== 0;
  const how = straddles ? `, the first one begun by the node above` : '';
  return `on ${number(pages)} page${pages === 1 ? '' : 's'} of ${pageTokens} tokens${how}`;
}

/** The agents whose prompts go through a node. */
function agentsOn({ nodes, holds }: Tree, id: number): string[] {
  const agents = new Set<number>();
  for (const { program, node } of holds) {
    if (!program || agents.has(program)) continue;
    let at = node ?? 0;
    while (at !== 0 && at !== id) at = nodes.get(at)?.parent ?? 0;
    if (at === id) agents.add(program);
  }
  if (agents.size === 0) return [];
  const first = [...agents].sort((a, b) => a - b).slice(0, NAMED);
  const more = agents.size > NAMED ? ' ...' : '';
  return [
    agents.size === 1
      ? `of agent ${first[0]} alone`
      : `shared by ${number(agents.size)} agents (${first.map(number).join(', ')}${more})`,
  ];
}

/** Whose calls end with this node. */
function endsIn({ holds }: Tree, node: Row, calls: Calls): string[] {
  const ends = holds.filter((hold) => hold.node === node.id && hold.program);
  return ends.slice(0, NAMED).map(({ program = 0 }) => {
    const own = calls.of(program);
    const alike = own.filter((one) => endsAt(one, endOf(node))); // of the same length they cannot be told apart
    if (alike.length === 0) return `a call of agent ${program} ends here`;
    const latest = alike.includes(own.at(-1) as EndedCall) && alike.length === 1 ? ', its latest' : '';
    return `call ${alike.map((one) => number(one.number)).join(' or ')} of agent ${program} ends here${latest}`;
  });
}
