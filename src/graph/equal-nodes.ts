import { isRepeatable, turnKey } from '../memo/memo.js';
import { type AskNode, type CodeNode, dependencies, type Node } from './node.js';

/**
 * For each node the one that stands for it: of nodes that must give the same, the first. Two are equal when they are asked the
 * same by equal nodes and would answer the same again (temperature 0 or a seed; `pure` code). Inputs, agents and pipes stay.
 */
export function mergeEqual(nodes: readonly Node[]): Map<Node, Node> {
  const standing = new Map<Node, Node>();
  const first = new Map<string, Node>();
  const ids = new Map<object, number>();
  /** A number for an object that has no text of its own. */
  const idOf = (object: object): number => {
    const id = ids.get(object) ?? ids.size;
    ids.set(object, id);
    return id;
  };
  const of = (node: Node): number => idOf(standing.get(node) ?? node);
  const keys = {
    ask: ({ prompt, system, follows, turn }: AskNode) =>
      isRepeatable(turn) &&
      JSON.stringify([
        prompt.parts.map((part) => (typeof part === 'string' ? part : of(part))),
        system,
        follows && of(follows),
        turnKey(turn),
      ]),
    code: ({ inputs, run, pure }: CodeNode) =>
      pure &&
      JSON.stringify([
        idOf(run),
        Object.keys(inputs)
          .sort()
          .map((name) => [name, of(inputs[name] as Node)]),
      ]),
  };
  for (const node of nodes) {
    const key = node.kind === 'ask' ? keys.ask(node) : node.kind === 'code' ? keys.code(node) : false;
    const known = key === false ? undefined : first.get(`${node.kind} ${key}`);
    standing.set(node, known ?? node);
    if (key !== false && !known) first.set(`${node.kind} ${key}`, node);
  }
  return standing;
}

/** Nodes that these need, themselves included, each after those that it needs. */
export function needed(outputs: readonly Node[]): Node[] {
  const found = new Set<Node>();
  const open = [...outputs].reverse().map((node) => ({ node, left: false }));
  for (let top = open.pop(); top; top = open.pop()) {
    const { node, left } = top;
    if (found.has(node)) continue;
    if (left) {
      found.add(node);
      continue;
    }
    open.push({ node, left: true });
    for (const other of [...dependencies(node)].reverse()) open.push({ node: other, left: false });
  }
  return [...found];
}
