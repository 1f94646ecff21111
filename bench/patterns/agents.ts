import { Agent, defineTool, type Engine, type Tool } from '../../src/index.js';
import { Draw } from '../../testing/workloads/draw.js';
import { CI } from '../../testing/workloads/scale.js';
import type { Shape } from './shapes.js';

/*
 * W1, W2 and W7 (testing/workloads) as programs write them: agents with tools. Lengths are theirs at CI scale in words, calls are
 * forced by a grammar, and a tool takes as long as there. Small tools are many: their times at CI scale are 20 ms in the mean.
 */

const CALLS = 11;
const WORDS = 'the branch holds leaves that fall when wind comes over water and light goes round again'.split(' ');

/** A text of about so many tokens at CI scale, the same for the same key. */
export function words(key: string, tokens: number): string {
  const draw = new Draw(`patterns/${key}`);
  return Array.from({ length: CI.tokens(tokens) }, () => WORDS[draw.below(WORDS.length)]).join(' ');
}

/** A tool whose call has a fixed length, and whose nth result is `results(n)`. */
export function toolOf(name: string, results: (call: number) => string | Promise<string>): Tool {
  let calls = 0;
  return defineTool({
    name,
    description: 'Works on a note and tells what came of it',
    input: { type: 'object', properties: { note: { type: 'string', pattern: '^[a-z]{12}$' } }, required: ['note'] },
    execute: () => results(calls++),
  });
}

/** A tool of W2: its results are drawn, and so is its time. */
function worker(key: string): Tool {
  const draw = new Draw(`patterns/tool/${key}`);
  return toolOf('work', async (call) => {
    await new Promise((resolve) => setTimeout(resolve, CI.micros(draw.quickTool().seconds) / 1_000));
    return words(`${key}/${call}`, draw.length(870));
  });
}

/** Runs an agent that calls a tool in each step but its last. */
async function work(engine: Engine, system: string, task: string, tool: Tool, calls: number): Promise<string> {
  const agent = new Agent({
    engine,
    system,
    tools: [tool],
    temperature: 0,
    maxTokens: 160,
    forceTools: calls - 1,
    limits: { maxSteps: calls },
  });
  const { text, steps, stopReason } = await agent.run(task);
  if (steps.length !== calls) throw new Error(`${steps.length} steps of ${calls}: ${stopReason}`);
  return text;
}

function fleetOf(agents: number): Shape['run'] {
  const shared = words('shared', 3_000);
  return (engine) =>
    Promise.all(
      Array.from({ length: agents }, (_, agent) => {
        const system = `${shared}\n${words(`role ${agent % 4}`, 500)}`;
        return work(engine, system, words(`task ${agent}`, 870), worker(`${agents}/${agent}`), CALLS);
      }),
    );
}

/** A main agent, each of whose calls is answered by agents of other instructions that work at the same time. */
function subAgents(children: number, turns: number): Shape['run'] {
  return async (engine) => {
    const delegate = toolOf('delegate', async (turn) => {
      const answers = Array.from({ length: children }, (_, child) => {
        const system = words(`sub-agent ${child % 4}`, 8_000);
        const key = `${turn}/${child}`;
        return work(engine, system, words(`task ${key}`, 400), worker(`sub ${key}`), 3);
      });
      return (await Promise.all(answers)).map((answer) => answer.slice(0, 40)).join('\n');
    });
    return work(engine, words('main', 12_000), words('main task', 400), delegate, turns);
  };
}

const W1: Shape = { name: 'W1: one agent, 11 calls', run: fleetOf(1) };
const W2: Shape = { name: 'W2: 8 agents of 4 roles, 11 calls each', run: fleetOf(8) };
const w7 = (turns: number, children: number): Shape => ({
  name: `W7: a main agent of ${turns} turns, ${children} sub-agents between two`,
  run: subAgents(children, turns),
});

export const AGENT_SHAPES: readonly Shape[] = [W1, W2, w7(5, 8)];

/** The same where a token takes so long that one at a time would take a quarter of an hour: W7 is smaller. */
export const SMALLER_AGENT_SHAPES: readonly Shape[] = [W1, W2, w7(3, 4)];
