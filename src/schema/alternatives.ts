import { emptyNode, type SchemaNode, saysMore, standsAlone } from './node.js';
import { SchemaProblem } from './read-schema.js';
import { spend } from './work.js';

/** Subschemas without references and combinations that a value must pass all at once. */
export type Conjunction = readonly SchemaNode[];

/** Most ways that `anyOf`, `oneOf` and `allOf` together may come to in one place. */
const MOST = 2_000;

/**
 * The ways to pass all of `nodes`: references followed, `allOf` flattened, each choice of `anyOf` and `oneOf` taken. A way that
 * contradicts itself openly is left out, and so is a choice that only leads back to where it was made.
 */
export function alternativesOf(nodes: readonly SchemaNode[]): Conjunction[] {
  const [only, ...others] = nodes;
  if (only && others.length === 0 && standsAlone(only)) {
    const part = ownPart(only);
    return only.never ? [] : [part ? [part] : []];
  }
  const found: Conjunction[] = [];
  const seen = new Set<string>();
  const open: (readonly SchemaNode[])[] = [nodes];
  let combined = 0;
  for (let next = open.pop(); next; next = open.pop()) {
    if (combined > MOST) {
      throw new SchemaProblem(nodes[0]?.place ?? '#', `its choices come to more than ${MOST} alternatives`);
    }
    spend(5);
    const flat = flattened(next);
    if (!flat) continue;
    const key = keyOf(flat.own, flat.groups);
    if (seen.has(key)) continue;
    seen.add(key);
    const [group, ...more] = flat.groups;
    if (!group) {
      found.push(flat.own);
      continue;
    }
    // The other groups wait inside a node of their own.
    const rest = more.length === 0 ? [] : [choiceNode(more)];
    if (flat.own.length > 0 || rest.length > 0) combined += group.length;
    for (const choice of [...group].reverse()) open.push([...flat.own, choice, ...rest]);
  }
  return found;
}

function keyOf(own: Conjunction, groups: readonly (readonly SchemaNode[])[]): string {
  return `${idsOf(own)}|${groups.map(idsOf).join('|')}`;
}

export function idsOf(nodes: readonly SchemaNode[]): string {
  const [only] = nodes;
  if (only && nodes.length === 1) return String(only.id);
  return [...new Set(nodes.map(({ id }) => id))].sort((a, b) => a - b).join(',');
}

interface Flat {
  own: SchemaNode[];
  groups: (readonly SchemaNode[])[];
}

/** Undefined: nothing passes. */
function flattened(nodes: readonly SchemaNode[]): Flat | undefined {
  const own = new Map<number, SchemaNode>();
  const groups: (readonly SchemaNode[])[] = [];
  const seen = new Set<SchemaNode>();
  const open = [...nodes].reverse();
  for (let node = open.pop(); node; node = open.pop()) {
    if (seen.has(node)) continue;
    spend(2);
    seen.add(node);
    if (node.never) return undefined;
    groups.push(...node.anyOf, ...node.oneOf);
    const itself = ownPart(node);
    if (itself) own.set(itself.id, itself);
    open.push(...[...node.allOf].reverse());
    if (node.ref) open.push(node.ref);
  }
  return { own: [...own.values()], groups };
}

const ownParts = new WeakMap<SchemaNode, SchemaNode | null>();

/** What the node says by itself; null: nothing. */
function ownPart(node: SchemaNode): SchemaNode | null {
  const known = ownParts.get(node);
  if (known !== undefined) return known;
  const bare = standsAlone(node)
    ? node
    : { ...node, id: node.id < 0 ? node.id : -node.id, ref: undefined, allOf: [], anyOf: [], oneOf: [] };
  const part = saysMore(bare) ? bare : null;
  ownParts.set(node, part);
  if (part) ownParts.set(part, part);
  return part;
}

let choices = 0;

function choiceNode(groups: readonly (readonly SchemaNode[])[]): SchemaNode {
  return { ...emptyNode('#', 1_000_000_000 + ++choices), anyOf: groups };
}
