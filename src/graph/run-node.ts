import type { Engine } from '../engine/engine.js';
import type { GenerationResult } from '../engine/generation.js';
import type { Program } from '../engine/program.js';
import { nthTurn } from '../engine/request-options.js';
import type { Session } from '../engine/session.js';
import { BanyanError } from '../kit/errors.js';
import type { NodeReport } from './graph-events.js';
import type { AgentNode, AskNode, CodeNode, Node, NodeContext, PipeNode } from './node.js';
import type { GraphRunSetup } from './run-options.js';
import type { TextLog } from './text-log.js';

/** What nodes of a run have in common: written by the run when a node ends, read by those after it. */
export interface Board {
  readonly engine: Engine;
  readonly program: Program;
  readonly setup: GraphRunSetup;
  /** The value of a node that has ended; undefined before. */
  valueFor(node: Node): unknown;
  /** The conversation that a node of `ask` ended with. */
  sessionOf(node: AskNode): Session;
  /** Keeps a conversation for those who follow, until the run ends. */
  keep(node: AskNode, session: Session): void;
  textOf(node: Node): TextLog;
  /** New text of a node. */
  write(node: Node, text: string): void;
}

/** What came of a node. */
export interface Outcome {
  readonly value: unknown;
  readonly usage: NodeReport['usage'];
  /** True: nothing ran, the answer was known. */
  readonly known: boolean;
  /** Calls of an agent that were begun before its model made them. */
  readonly speculation?: NodeReport['speculation'];
}

const ran = (value: unknown, usage?: NodeReport['usage']): Outcome => ({ value, usage, known: false });

/** Runs one try of a node. Rejects with what went wrong, also when the context's signal aborts. */
export async function runNode(node: Node, board: Board, context: NodeContext): Promise<Outcome> {
  switch (node.kind) {
    case 'input':
      return { value: board.setup.inputs[node.name], usage: undefined, known: true };
    case 'ask':
      return runAsk(node, board, context);
    case 'agent':
      return runAgent(node, board, context);
    case 'code':
      return ran(await runCode(node, board, context));
    case 'pipe':
      return ran(await runPipe(node, board, context));
  }
}

async function runAsk(node: AskNode, board: Board, { signal, attempt }: NodeContext): Promise<Outcome> {
  const { engine, program, setup } = board;
  const { class: asked = setup.class ?? 'workflow', schema, ...turn } = node.turn;
  const own = nthTurn({ ...turn, class: asked }, attempt); // a try again is another sample
  const begin = { ...own, program, ...(setup.tenant && { tenant: setup.tenant }) };
  const session = node.follows
    ? board.sessionOf(node.follows).fork({ ...own, program })
    : engine.session({ ...begin, ...(node.system !== undefined && { system: node.system }) });
  board.keep(node, session);
  const message = node.prompt.fill((one) => board.valueFor(one));
  const ask = async () => {
    const generation = session.generate(message, { schema, signal });
    for await (const event of generation) if (event.type === 'text') board.write(node, event.text);
    const result = await generation.result;
    return { result, turn: session.lastTurn };
  };
  if (!setup.memo) return answered(node, (await ask()).result, false);
  const prompt = [...session.messages, { role: 'user', content: message }];
  const options = { ...own, tenant: setup.tenant ?? '', schema, signal };
  let asks = false;
  const { result, turn: kept } = await setup.memo.answer({ model: engine.info, prompt, options }, () => {
    asks = true;
    return ask();
  });
  if (!asks) {
    if (kept) session.restore(message, kept);
    board.write(node, result.text);
  }
  return answered(node, result, !asks);
}

/** A value under a schema is whole or none. */
function answered({ name, turn }: AskNode, result: GenerationResult, known: boolean): Outcome {
  const { object, text, tokens, usage } = result;
  if (!turn.schema) return { value: text, usage, known };
  if (object !== undefined) return { value: object, usage, known };
  const message = `The answer of ${name} was cut before it was whole: give it more maxTokens`;
  throw new BanyanError('INVALID_OUTPUT', message, { field: name, answer: { text, tokens, usage } });
}

async function runAgent(node: AgentNode, board: Board, { signal }: NodeContext): Promise<Outcome> {
  const { agent, predictor, memo } = node;
  const input = node.prompt.fill((one) => board.valueFor(one));
  let speculation: NodeReport['speculation'];
  let asks = false;
  const ask = async () => {
    asks = true;
    const run = agent.run(input, { signal, predictor });
    for await (const event of run) if (event.type === 'text') board.write(node, event.text);
    const result = await run;
    speculation = result.speculation;
    return result;
  };
  const known = memo ? board.setup.memo : undefined;
  const { text, usage } = await (known ? known.run(agent, input, ask, signal) : ask());
  if (!asks) board.write(node, text);
  return { value: text, usage, known: !asks, speculation };
}

async function runCode({ inputs, run }: CodeNode, board: Board, context: NodeContext): Promise<unknown> {
  const values = Object.entries(inputs).map(([name, node]) => [name, board.valueFor(node)]);
  return await run(Object.fromEntries(values) as never, context);
}

/** A source that is tried again begins its text anew: so does its reader. */
async function runPipe({ source, run }: PipeNode, board: Board, context: NodeContext): Promise<unknown> {
  for (;;) {
    const text = board.textOf(source).current;
    try {
      const value = await run(text.read(), context);
      if (!text.failed) return value;
    } catch (reason) {
      if (!text.failed || context.signal.aborted) throw reason;
    }
  }
}
