import type { Kept } from '../../native/snapshot.js';
import { KEPT } from '../../native/vocabulary.js';
import type { RecordedAgent, Recording } from './recording.js';
import { nodeAt, type TokenNode } from './token-tree.js';

/** Nodes that are drawn: the first levels, if there are more. */
const MOST_NODES = 10_000;

export const NODE_FIELDS = [
  ...(['id', 'parent', 'begin', 'tokens', 'pages', 'kept', 'users', 'onDisk', 'children', 'program'] as const),
];
export const HOLD_FIELDS = ['node', 'program', 'kept'] as const;
type NodeRow = Record<(typeof NODE_FIELDS)[number], number>;
type HoldRow = Record<(typeof HOLD_FIELDS)[number], number>;

const WHY: Readonly<Record<RecordedAgent['phase'], Kept>> = {
  reasoning: 'idle',
  acting: 'acting',
  human: 'idle',
  finished: 'finished',
};

/** All that a recording asked, as a tree like that of the engine. `kept` says what became of it: who was there when it ended. */
export function drawnTree({ tree, requests, agents, header }: Recording): {
  nodes: NodeRow[];
  holds: HoldRow[];
  leftOut: number;
} {
  const kept = new Map<TokenNode, number>();
  const users = new Map<TokenNode, number>();
  const mark = (from: TokenNode, why: Kept) => {
    const value = KEPT.indexOf(why);
    // What is above one that is kept for a better reason is so, too.
    for (let at: TokenNode | undefined = from; at && (kept.get(at) ?? -1) < value; at = at.parent) kept.set(at, value);
  };
  for (const { place, ended } of requests.values()) {
    const node = nodeAt(place, place.length);
    mark(node, ended ? 'finished' : 'running');
    for (let at: TokenNode | undefined = ended ? undefined : node; at; at = at.parent)
      users.set(at, (users.get(at) ?? 0) + 1);
  }
  const ends = new Map<TokenNode, RecordedAgent>();
  for (const agent of agents.values()) {
    if (!agent.last || agent.id === 0) continue;
    const node = nodeAt(agent.last.place, agent.last.place.length);
    mark(node, agent.last.ended ? WHY[agent.phase] : 'running');
    ends.set(node, agent);
  }
  const pageTokens = header.engine?.pageTokens ?? 32;
  const ids = new Map<TokenNode, number>();
  const nodes: NodeRow[] = [];
  const holds: HoldRow[] = [];
  let leftOut = 0;
  const level = tree.roots.flatMap(({ children }) => [...children.values()]);
  for (let next = 0; next < level.length; next++) {
    const node = level[next] as TokenNode;
    level.push(...node.children.values());
    if (nodes.length >= MOST_NODES) {
      leftOut++;
      continue;
    }
    const id = nodes.length + 1;
    ids.set(node, id);
    const program = ends.get(node)?.id ?? 0;
    const why = kept.get(node) ?? 0;
    if (program !== 0) holds.push({ node: id, program, kept: why });
    nodes.push({
      ...{ id, parent: (node.parent && ids.get(node.parent)) ?? 0, begin: node.begin, tokens: node.tokens.length },
      ...{ pages: node.tokens.length / pageTokens, kept: why, users: users.get(node) ?? 0, onDisk: 0 },
      ...{ children: node.children.size, program },
    });
  }
  return { nodes, holds, leftOut };
}
