import { invalidOption } from '../kit/option-checks.js';
import type { Node, Ref } from './node.js';
import { Template } from './template.js';

/** A prompt with places for what other nodes give. Made by `text`. */
export type Prompt = Template<Node>;

/**
 * A prompt with places: text`Summarise ${document} for ${reader}.` Values that are no texts stand there as canonical JSON, so
 * that equal values are equal tokens. Put what is the same for many nodes first: they then share its pages.
 */
export function text(strings: TemplateStringsArray, ...values: readonly (Ref<unknown> | string | number)[]): Prompt {
  const parts: (string | Node)[] = [];
  for (const [index, fixed] of strings.entries()) {
    parts.push(fixed);
    if (index < values.length) parts.push(placeOf(values[index], index));
  }
  return new Template(parts.filter((part) => part !== ''));
}

/** A prompt as a caller writes it: a text, a node's value alone, or a template. */
export function toTemplate(prompt: string | Ref<unknown> | Prompt): Prompt {
  if (prompt instanceof Template) return prompt;
  return new Template([placeOf(prompt, 0)]);
}

function placeOf(value: unknown, index: number): string | Node {
  if (typeof value === 'string' || typeof value === 'number') return String(value);
  const node = Object(value).node;
  if (typeof node === 'object' && node !== null && 'kind' in node) return node as Node;
  throw invalidOption(`value ${index + 1} of a prompt`, 'a text, a number or what a node gives', value);
}
