import { setTimeout as sleep } from 'node:timers/promises';
import { RandomStream } from '../../test/support/gguf/random-stream.js';
import { quantile, sum } from '../statistics.js';
import type { CallCost, CallOptions, System } from '../systems/system.js';

/** One call of an agent: what is appended, how much it answers, how long its tool then takes. */
export interface Step {
  appended: number[];
  outputTokens: number;
  toolMs: number;
}

export interface AgentPlan {
  /** The prompt of the first call begins with it. */
  instructions: number[];
  steps: Step[];
}

export interface FleetCost {
  wallMs: number;
  /** Of the whole process: what a busy machine cannot blur. Waiting threads may spin, so compare it at one thread. */
  cpuMs: number;
  calls: number;
  promptTokens: number;
  prefilledTokens: number;
  outputTokens: number;
  ttftP50: number;
  ttftP95: number;
  /** Of each agent, from the common start to its end. */
  programMs: number[];
}

/** `length` ordinary tokens, the same for the same key. */
export function tokens(key: string, length: number, vocabulary = 2048): number[] {
  const random = new RandomStream(key);
  return Array.from({ length }, () => random.below(vocabulary));
}

/** Log-normal with this mean; sigma as tool times in published traces show it. */
export function logNormal(key: string, mean: number, sigma = 1): number {
  const random = new RandomStream(key);
  const unit = () => (random.below(2 ** 30) + 1) / 2 ** 30;
  const normal = Math.sqrt(-2 * Math.log(unit())) * Math.cos(2 * Math.PI * unit());
  return Math.exp(Math.log(mean) - sigma ** 2 / 2 + sigma * normal);
}

let nextProgram = 1; // a system may remember a program, so each run has ids of its own

/** Runs all agents at once; each waits for its own tools only. The context of an agent is its whole past. */
export async function runAgents(
  system: System,
  agents: readonly AgentPlan[],
  options: CallOptions = {},
): Promise<FleetCost> {
  const began = performance.now();
  const cpu = process.cpuUsage();
  const programMs: number[] = [];
  const running = agents.map(async (agent) => {
    const costs = await runAgent(system, agent, nextProgram++, options);
    programMs.push(performance.now() - began);
    return costs;
  });
  const costs = (await Promise.all(running)).flat();
  const { user, system: kernel } = process.cpuUsage(cpu);
  return {
    programMs,
    wallMs: performance.now() - began,
    cpuMs: (user + kernel) / 1000,
    calls: costs.length,
    promptTokens: sum(costs.map((cost) => cost.promptTokens)),
    prefilledTokens: sum(costs.map((cost) => cost.prefilledTokens)),
    outputTokens: sum(costs.map((cost) => cost.tokens.length)),
    ttftP50: quantile(
      costs.map((cost) => cost.ttftMs),
      0.5,
    ),
    ttftP95: quantile(
      costs.map((cost) => cost.ttftMs),
      0.95,
    ),
  };
}

async function runAgent(system: System, agent: AgentPlan, program: number, options: CallOptions): Promise<CallCost[]> {
  const context = [...agent.instructions];
  const costs: CallCost[] = [];
  for (const { appended, outputTokens, toolMs } of agent.steps) {
    context.push(...appended);
    const cost = await system.call(context, outputTokens, program, options);
    context.push(...cost.tokens);
    costs.push(cost);
    system.tell?.(program, 'tool-started', 'tool');
    await sleep(toolMs);
    system.tell?.(program, 'tool-ended', 'tool');
  }
  system.tell?.(program, 'finished', '');
  return costs;
}
