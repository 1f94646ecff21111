import type { Agent } from '../agent/agent.js';
import { checkPredictor, type ToolPredictor } from '../agent/speculation/tool-predictor.js';
import { TURN, type TurnOptions } from '../engine/request-options.js';
import { BanyanError } from '../kit/errors.js';
import { checkName, checkObject, invalidOption } from '../kit/option-checks.js';
import { readTable } from '../kit/option-table.js';
import { reading, readOptions } from '../kit/read-options.js';
import { flag, number, type OptionsOf, other, text as textOption } from '../native/option-kinds.js';
import type { Schema } from '../schema/compile-schema.js';
import type { AskNode, Node, NodeContext, Ref, ValueOf } from './node.js';
import { Plan } from './plan.js';
import { type Prompt, toTemplate } from './text.js';

/** What every node that works may have. */
export const NODE = {
  /** Times that a node which failed is tried again, 0 to 100. Default 0. */
  retries: number({ min: 0, max: 100, whole: true }, 0),
};

export const ASK_OWN = {
  ...NODE,
  /** Instructions of a new conversation. Nodes with the same ones share their pages. Default: none. */
  system: textOption(),
};

export const AGENT_NODE = {
  ...NODE,
  /** Predictor of the node's calls, which begin before the model makes them. Default: the agent's. */
  predictor: other<ToolPredictor>('a ToolPredictor', checkPredictor),
  /**
   * Promise that equal inputs have equal answers for as long as the memo of `run(engine, inputs, { memo })` is used: one that it had
   * before then runs nothing. All tools of the agent must be `pure`, and it must sample at temperature 0 or with a seed. Default false.
   */
  memo: flag(false),
};

export const CODE = {
  ...NODE,
  /** Promise that equal values give equal results: two such nodes become one. Default false. */
  pure: flag(false),
};

/** One turn: what is asked, and how it is answered. */
export interface AskOptions<Output = string>
  extends Omit<TurnOptions<Output>, 'signal' | 'program' | 'group' | 'schema'>,
    OptionsOf<typeof ASK_OWN> {
  prompt: string | Ref<unknown> | Prompt;
  /** Schema of the answer: the node then gives the checked value instead of the text. */
  schema?: Schema<Output> | undefined;
  /** Node whose conversation goes on, as a fork of it. Not together with `system`. Default: a new conversation. */
  follows?: Ref<unknown> | undefined;
}

type Inputs = Readonly<Record<string, Ref<unknown>>>;
type Values<Given extends Inputs> = { readonly [Name in keyof Given]: ValueOf<Given[Name]> };

/** How a node of code runs, and again when it fails. */
type CodeOptions = OptionsOf<typeof CODE>;

const { signal: _signal, program: _program, group: _group, ...ASK_TURN } = TURN;

/**
 * A graph of model calls and functions, as it is written down: nodes refer to nodes before them, so there is no circle.
 * `plan()` checks it and makes it small; a plan runs any number of times.
 */
export class Workflow {
  readonly #names = new Set<string>();

  /** A value that every run is given. */
  input<Value = string>(name: string): Ref<Value> {
    return { node: { kind: 'input', ...this.#named(name) } };
  }

  /** One turn of the model. Gives its text, or the value of its `schema`. Throws INVALID_OPTION. */
  ask<Output = string>(name: string, options: AskOptions<Output>): Ref<Output> {
    const { prompt, follows, ...own } = options;
    const { retries = 0, system, ...turn } = readTable('options', own, { ...ASK_OWN, ...ASK_TURN });
    if (follows !== undefined && system !== undefined) {
      throw new BanyanError('INVALID_OPTION', 'Pass `follows` or `system`, not both', { field: 'system' });
    }
    const before = follows === undefined ? undefined : this.#own('follows', follows);
    if (before && before.kind !== 'ask') throw invalidOption('follows', 'a node of ask()', before.name);
    const template = this.#template(prompt);
    const node: AskNode = {
      kind: 'ask',
      ...this.#named(name),
      retries,
      system,
      turn,
      prompt: template,
      follows: before,
    };
    return { node };
  }

  /**
   * A run of an agent. Gives its answer. Its tools may have effects, so two such nodes are never one; with `memo` a question asked
   * twice runs once. Throws INVALID_OPTION.
   */
  agent(
    name: string,
    agent: Agent,
    prompt: string | Ref<unknown> | Prompt,
    options: OptionsOf<typeof AGENT_NODE> = {},
  ): Ref<string> {
    const { retries = 0, memo = false, predictor } = readTable('options', options, AGENT_NODE);
    if (!reading('agent', () => typeof agent?.run === 'function')) throw invalidOption('agent', 'an Agent', agent);
    if (memo && !agent.repeatable) {
      const why = '`memo` needs an agent whose tools are all `pure`, at temperature 0 or with a seed';
      throw new BanyanError('INVALID_OPTION', why, { field: 'memo' });
    }
    const own = { retries, agent, prompt: this.#template(prompt), predictor, memo };
    return { node: { kind: 'agent', ...this.#named(name), ...own } };
  }

  /** A function of what other nodes give, by name. Gives what it returns or resolves to. Throws INVALID_OPTION. */
  code<Given extends Inputs, Result>(
    name: string,
    inputs: Given,
    run: (values: Values<Given>, context: NodeContext) => Result | Promise<Result>,
    options: CodeOptions = {},
  ): Ref<Result> {
    const { retries = 0, pure = false } = readTable('options', options, CODE);
    const given = readOptions('inputs', checkObject('inputs', inputs) as Given, Object.keys(inputs));
    const nodes = Object.entries(given).map(([key, ref]) => [key, this.#own(`inputs.${key}`, ref)] as const);
    checkRun(run);
    return { node: { kind: 'code', ...this.#named(name), retries, pure, inputs: Object.fromEntries(nodes), run } };
  }

  /**
   * A function that reads the text of a node of `ask` or `agent` while it is being written. Gives what it returns or resolves
   * to. Throws INVALID_OPTION.
   */
  pipe<Result>(
    name: string,
    source: Ref<string>,
    run: (pieces: AsyncIterable<string>, context: NodeContext) => Result | Promise<Result>,
  ): Ref<Result> {
    const node = this.#own('source', source);
    if (node.kind !== 'ask' && node.kind !== 'agent')
      throw invalidOption('source', 'a node of ask() or agent()', node.name);
    checkRun(run);
    return { node: { kind: 'pipe', ...this.#named(name), retries: 0, source: node, run } };
  }

  /**
   * What it takes to get these outputs: nodes that no output needs are left out, equal ones become one. Throws INVALID_OPTION.
   */
  plan<Outputs extends Inputs>(outputs: Outputs): Plan<Values<Outputs>> {
    const given = readOptions('outputs', checkObject('outputs', outputs) as Outputs, Object.keys(outputs));
    const nodes = Object.entries(given).map(([key, ref]) => [key, this.#own(`outputs.${key}`, ref)] as const);
    if (nodes.length === 0) throw invalidOption('outputs', 'one node or more', outputs);
    return new Plan(Object.fromEntries(nodes));
  }

  #named(name: string): { name: string; owner: object } {
    checkName('name', name);
    if (name === '' || this.#names.has(name)) throw invalidOption('name', 'a name that no other node has', name);
    this.#names.add(name);
    return { name, owner: this };
  }

  #template(prompt: string | Ref<unknown> | Prompt): Prompt {
    const template = reading('prompt', () => toTemplate(prompt));
    for (const node of template.places) this.#own('prompt', { node });
    return template;
  }

  #own(field: string, ref: Ref<unknown>): Node {
    const node = reading(field, () => Object(ref).node as Node | undefined);
    if (node?.owner === this) return node;
    throw invalidOption(field, 'a node of this workflow', ref);
  }
}

function checkRun(run: unknown): void {
  if (typeof run !== 'function') throw invalidOption('run', 'a function', run);
}
