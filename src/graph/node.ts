import type { Agent } from '../agent/agent.js';
import type { ToolPredictor } from '../agent/speculation/tool-predictor.js';
import type { PatternTurn } from '../patterns/branches.js';
import type { Template } from './template.js';

declare const value: unique symbol;

/** What a node will give, before it is known: put it into a template, or read it in code. */
export interface Ref<Value> {
  readonly node: Node;
  /** For the compiler alone. */
  readonly [value]?: Value;
}

export type ValueOf<R> = R extends Ref<infer Value> ? Value : never;

/** What code of a node gets beside its values. */
export interface NodeContext {
  readonly signal: AbortSignal;
  /** Which try this is, from 0. */
  readonly attempt: number;
}

/** One node of a workflow. All names of a workflow differ. */
export type Node = InputNode | AskNode | AgentNode | CodeNode | PipeNode;

interface Named {
  readonly name: string;
  /** The workflow it is of. */
  readonly owner: object;
}

export interface InputNode extends Named {
  readonly kind: 'input';
}

/** A node that may be tried again. */
interface Working extends Named {
  readonly retries: number;
}

/** One turn of a conversation: a new one, or the one that `follows` ended with, forked. */
export interface AskNode extends Working {
  readonly kind: 'ask';
  readonly system: string | undefined;
  readonly prompt: Template<Node>;
  readonly follows: AskNode | undefined;
  readonly turn: PatternTurn;
}

/** A run of an agent, with tools. */
export interface AgentNode extends Working {
  readonly kind: 'agent';
  readonly agent: Agent;
  readonly prompt: Template<Node>;
  /** Of its calls; undefined: the agent's own. */
  readonly predictor: ToolPredictor | undefined;
  /** A run's memo may know its answer. */
  readonly memo: boolean;
}

/** A function of values. `pure`: equal values give equal results, so two such nodes may be one. */
export interface CodeNode extends Working {
  readonly kind: 'code';
  readonly inputs: Readonly<Record<string, Node>>;
  readonly run: (values: never, context: NodeContext) => unknown;
  readonly pure: boolean;
}

/** A function of another node's text while it is being written. */
export interface PipeNode extends Working {
  readonly kind: 'pipe';
  readonly source: AskNode | AgentNode;
  readonly run: (pieces: AsyncIterable<string>, context: NodeContext) => unknown;
}

/** Nodes that must have ended before this one can. A pipe begins with its source. */
export function dependencies(node: Node): readonly Node[] {
  switch (node.kind) {
    case 'input':
      return [];
    case 'ask':
      return unique([...node.prompt.places, ...(node.follows ? [node.follows] : [])]);
    case 'agent':
      return unique(node.prompt.places);
    case 'code':
      return unique(Object.values(node.inputs));
    case 'pipe':
      return [node.source];
  }
}

const unique = (nodes: readonly Node[]): Node[] => [...new Set(nodes)];
