import type { AgentEvent, Engine, EngineStats, RunResult } from 'banyan';
import { Agent } from 'banyan';
import { fleetTools, question, SYSTEM } from './assistant.js';

export interface FleetOptions {
  agents: number;
  /** Tokens a step. */
  maxTokens: number;
  /** First steps in which a tool call is forced, for models that cannot call tools by themselves. */
  forceTools: number;
  onEvent: (agent: number, event: AgentEvent) => void;
}

export interface FleetReport {
  agents: { question: string; result: RunResult }[];
  /** From the first question to the last answer. */
  wallMs: number;
  stats: EngineStats;
}

const SHORT_TEXT = 24;

/** All agents at once: the same instructions and tools, a question each. Greedy, so that a second fleet does the same work. */
export async function runFleet(engine: Engine, options: FleetOptions): Promise<FleetReport> {
  const { agents, maxTokens, forceTools, onEvent } = options;
  const agent = new Agent({
    engine,
    system: SYSTEM,
    tools: fleetTools({ maxLength: forceTools > 0 ? SHORT_TEXT : undefined }),
    temperature: 0,
    maxTokens,
    forceTools,
    limits: { maxSteps: Math.max(6, forceTools + 1) },
  });
  const started = performance.now();
  const runs = Array.from({ length: agents }, async (_, index) => {
    const run = agent.run(question(index));
    for await (const event of run) onEvent(index, event);
    return { question: question(index), result: await run };
  });
  const done = await Promise.all(runs);
  return { agents: done, wallMs: performance.now() - started, stats: await engine.stats() };
}
