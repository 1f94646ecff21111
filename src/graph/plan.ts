import type { Engine } from '../engine/engine.js';
import { mermaid } from './draw/mermaid.js';
import { svg } from './draw/svg.js';
import { mergeEqual, needed } from './equal-nodes.js';
import { GraphRun } from './graph-run.js';
import { dependencies, type Node } from './node.js';
import { type GraphRunOptions, readRunOptions } from './run-options.js';
import type { Graph, Step } from './step.js';

/** What it takes to compute some outputs of a workflow: each node once, none that is not needed. Runs any number of times. */
export class Plan<Outputs> implements Graph {
  readonly steps: readonly Step[];
  readonly outputs: Readonly<Record<string, Step>>;
  /** Names of nodes that another, equal one stands for. */
  readonly merged: ReadonlyMap<string, string>;
  readonly #standing: (node: Node) => Node;

  /** Use `workflow.plan()`. */
  constructor(outputs: Readonly<Record<string, Node>>) {
    const written = needed(Object.values(outputs));
    const standing = mergeEqual(written);
    const of = (node: Node) => standing.get(node) ?? node;
    this.merged = new Map(written.filter((node) => of(node) !== node).map((node) => [node.name, of(node).name]));
    const steps = new Map<Node, Step>();
    const stepOf = (node: Node) => steps.get(of(node)) as Step;
    for (const node of written) {
      if (of(node) !== node) continue;
      const after = [...new Set(dependencies(node).map(stepOf))];
      const step: Step = { node, after, before: [], height: 0 };
      for (const other of after) other.before.push(step);
      steps.set(node, step);
    }
    this.outputs = Object.fromEntries(Object.entries(outputs).map(([name, node]) => [name, stepOf(node)]));
    // What only a merged node needed is not needed any more.
    const kept = new Set(needed(Object.values(this.outputs).map(({ node }) => node)).map(of));
    this.steps = [...steps.values()].filter(({ node }) => kept.has(node));
    for (const step of this.steps) step.before.splice(0, Infinity, ...step.before.filter(({ node }) => kept.has(node)));
    for (const step of [...this.steps].reverse())
      step.height = 1 + Math.max(0, ...step.before.map(({ height }) => height));
    this.#standing = of;
  }

  standing(node: Node): Node {
    return this.#standing(node);
  }

  /** Names of the inputs that a run must be given. */
  get inputs(): string[] {
    return this.steps.filter(({ node }) => node.kind === 'input').map(({ node }) => node.name);
  }

  /**
   * Runs it: read the events, await the outputs, or both. A node that fails, its retries too, ends the run: the others are
   * cancelled, and it rejects with that failure. Throws INVALID_OPTION, CLOSED.
   */
  run(
    engine: Engine,
    inputs: Readonly<Record<string, unknown>> = {},
    options: GraphRunOptions = {},
  ): GraphRun<Outputs> {
    return new GraphRun<Outputs>(this, engine, readRunOptions(this.inputs, inputs, options));
  }

  /** The graph as a Mermaid flowchart. */
  mermaid(): string {
    return mermaid(this);
  }

  /** The graph as an SVG image, a column a level. */
  svg(): string {
    return svg(this);
  }
}
