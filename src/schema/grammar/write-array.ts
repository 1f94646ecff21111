import type { Conjunction } from '../alternatives.js';
import type { SchemaNode } from '../node.js';
import type { RuleWriter, Way } from './rule-book.js';

/**
 * Arrays: places with a schema of their own first, then the rest. By the letter a tuple may end early, and go on with anything:
 * one that does not speak of it is written whole, and ends there.
 */
export function arrayWays(writer: RuleWriter, nodes: Conjunction): Way[] {
  const min = Math.max(...nodes.map(({ minItems }) => minItems ?? 0));
  const max = Math.min(...nodes.map(({ maxItems }) => maxItems ?? Number.POSITIVE_INFINITY));
  const places = placesOf(nodes, max);
  if (min > max) return [];
  const items = Array.from({ length: places }, (_, index) => writer.rule(itemsAt(nodes, index)));
  const rests = itemsAt(nodes, places);
  const open =
    places < max &&
    !isImpossible(rests) &&
    (rests.length > 0 || nodes.every(({ prefixItems }) => prefixItems.length === 0));
  const ways = places >= min ? [array(items, undefined)] : [];
  if (!open) return ways;
  const rest = writer.rule(rests);
  const more = { text: `"," space ${rest}`, needs: [rest] };
  const others = writer.book.repeat(more, Math.max(0, min - places - 1), max - places - 1);
  return [...ways, array([...items, rest], others)];
}

function array(items: readonly string[], more: Way | undefined): Way {
  if (items.length === 0) return { text: '"[" space "]"', needs: [] };
  const inner = items.join(' "," space ');
  return {
    text: `"[" space ${inner} ${more ? `${more.text} ` : ''}space "]"`,
    needs: [...new Set([...items, ...(more?.needs ?? [])])],
  };
}

function placesOf(nodes: Conjunction, max: number): number {
  const most = Math.min(max, Math.max(...nodes.map(({ prefixItems }) => prefixItems.length)));
  let places = 0;
  while (places < most && !isImpossible(itemsAt(nodes, places))) places++;
  return places;
}

function itemsAt(nodes: Conjunction, index: number): SchemaNode[] {
  return nodes.flatMap((node) => node.prefixItems[index] ?? node.items ?? []);
}

function isImpossible(schemas: readonly SchemaNode[]): boolean {
  return schemas.some(({ never }) => never);
}
