import type { Node } from './node.js';
import type { Step } from './step.js';

/**
 * Steps whose needs are met. First come those on the longest way to an output; among equals those that begin like the step
 * before them, so that nodes with the same instructions follow each other and share its pages while they are warm.
 */
export class ReadySteps {
  readonly #steps: Step[] = [];
  #last: string | undefined;

  add(step: Step): void {
    this.#steps.push(step);
  }

  take(): Step | undefined {
    if (this.#steps.length === 0) return undefined;
    const highest = Math.max(...this.#steps.map(({ height }) => height));
    const first = this.#steps.filter(({ height }) => height === highest);
    const step = first.find(({ node }) => beginning(node) === this.#last) ?? (first[0] as Step);
    this.#steps.splice(this.#steps.indexOf(step), 1);
    this.#last = beginning(step.node) ?? this.#last;
    return step;
  }
}

/** What the prompt of a node begins with. */
function beginning(node: Node): string | undefined {
  if (node.kind !== 'ask') return undefined;
  return node.follows ? `after ${node.follows.name}` : (node.system ?? '');
}
