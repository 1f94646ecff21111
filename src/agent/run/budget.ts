import type { ToolChoice } from '../../chat/tool-spec.js';
import { type AgentStep, type StopReason, sumUsage } from '../agent-events.js';
import type { HostSession } from '../host.js';
import type { RunSetup } from './run-setup.js';

/** The most tokens that one turn may be asked for. */
const MOST_A_TURN = 2 ** 30;

type Limited = Pick<RunSetup<HostSession>, 'limits' | 'forceTools' | 'maxTokens'> & { tools: readonly unknown[] };

/** What a run may still do, by its limits and its steps so far. */
export class Budget {
  readonly #setup: Limited;
  readonly #steps: readonly AgentStep[];

  /** `steps` grows while the run goes on. */
  constructor(setup: Limited, steps: readonly AgentStep[]) {
    this.#setup = setup;
    this.#steps = steps;
  }

  /** Tokens that the next turn may have. */
  get tokensLeft(): number {
    const { limits, maxTokens = limits.maxTokens } = this.#setup;
    const used = sumUsage(this.#steps, 0).outputTokens;
    return Math.max(0, Math.min(maxTokens, limits.maxTokens - used, MOST_A_TURN));
  }

  get callsLeft(): number {
    return this.#setup.limits.maxToolCalls - this.#steps.reduce((sum, { tools }) => sum + tools.length, 0);
  }

  /** Whether another step may follow this one. */
  goesOnAfter(step: number): boolean {
    return step + 1 < this.#setup.limits.maxSteps;
  }

  /** No tool may be called in this step. */
  mustAnswer(step: number): boolean {
    return step >= this.#setup.forceTools && (!this.goesOnAfter(step) || this.callsLeft <= 0);
  }

  toolChoice(step: number): { toolChoice?: ToolChoice } {
    const { tools, forceTools } = this.#setup;
    if (tools.length === 0) return {};
    if (step < forceTools) return { toolChoice: 'required' };
    return this.mustAnswer(step) ? { toolChoice: 'none' } : {};
  }

  /** The limit that ends the run after a step with calls; undefined: it goes on. */
  metLimit(): StopReason | undefined {
    if (!this.goesOnAfter(this.#steps.length - 1)) return 'max-steps';
    return this.tokensLeft === 0 ? 'max-tokens' : undefined;
  }

  /** The limit that cut a step without calls; undefined: it is the answer. */
  limitOf({ index, finishReason, usage }: AgentStep): StopReason | undefined {
    const { maxTokens = Number.POSITIVE_INFINITY, forceTools } = this.#setup;
    const spent = usage.outputTokens >= maxTokens || this.tokensLeft === 0;
    if (finishReason === 'length') return spent ? 'max-tokens' : 'context';
    return index < forceTools ? 'no-call' : undefined;
  }
}
