import type { Node } from './node.js';

/** A node as a plan runs it. */
export interface Step {
  readonly node: Node;
  /** Steps that must have ended before; of a pipe its source, with which it runs. */
  readonly after: readonly Step[];
  /** Steps that wait for it. */
  readonly before: Step[];
  /** Steps on the longest way to an output. */
  height: number;
}

/** A plan, for those who run or draw it. */
export interface Graph {
  /** Steps, each after those that it needs. */
  readonly steps: readonly Step[];
  readonly outputs: Readonly<Record<string, Step>>;
  /** The node that stands for this one: itself, or the first that is equal to it. */
  standing(node: Node): Node;
}
