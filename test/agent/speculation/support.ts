import { z } from 'zod';
import { Agent } from '../../../src/agent/agent.js';
import type { AgentOptions } from '../../../src/agent/agent-options.js';
import type { CallRule } from '../../../src/agent/speculation/run-past.js';
import { ToolPredictor, type ToolPredictorOptions } from '../../../src/agent/speculation/tool-predictor.js';
import { defineTool, type Tool, type ToolContext } from '../../../src/agent/tool.js';
import { type Script, scripted } from '../../../testing/engine/scripted-engine.js';
import { callText } from '../../../testing/engine/scripted-text.js';

/** Turns of the event loop until it holds. */
export async function until(holds: () => boolean): Promise<void> {
  for (let turns = 0; !holds(); turns++) {
    if (turns > 10_000) throw new Error('not reached');
    await new Promise(setImmediate);
  }
}

/** A pure tool `read` that notes what it was asked. */
export function reading(answer: (path: string, context: ToolContext) => unknown = (path) => `text of ${path}`) {
  const asked: string[] = [];
  const tool = defineTool({
    name: 'read',
    description: 'Reads a file',
    input: z.object({ path: z.string() }),
    pure: true,
    execute: ({ path }, context) => {
      asked.push(path);
      return answer(path, context);
    },
  });
  return { tool, asked };
}

export const read = (path: string) => callText('c', 'read', JSON.stringify({ path }));
/** Calls first, then an answer. */
export const once: (calls: string) => Script = (calls) => (prompt) => (prompt.includes('<|tool|>') ? 'done' : calls);
/** A rule that foretells the first calls of a run. */
export const says =
  (...paths: string[]): CallRule =>
  ({ calls }) =>
    calls.length > 0 ? undefined : paths.map((path) => ({ name: 'read', input: { path } }));

export function agentOf(
  script: Script,
  tools: Tool[],
  predictor: ToolPredictorOptions | ToolPredictor,
  options: Partial<AgentOptions> = {},
) {
  const { engine, native } = scripted(script);
  const own = predictor instanceof ToolPredictor ? predictor : new ToolPredictor(predictor);
  return { engine, native, predictor: own, agent: new Agent({ engine, tools, predictor: own, ...options }) };
}
