import type { ToolCall } from '../chat/chat-message.js';
import type { ContextChange, Summary } from '../chat/overflow/context-change.js';
import type { Usage } from '../engine/generation.js';
import { knownSum } from '../kit/sums/known-sum.js';
import type { FinishReason } from '../native/vocabulary.js';
import type { SpeculationReport } from './speculation/speculation.js';
import type { ToolOutcome } from './tool-runner.js';

/** One turn of the model and the tools that it called. */
export interface AgentStep {
  /** 0, 1, 2 ... */
  index: number;
  text: string;
  reasoning: string;
  /** The outcomes of its tool calls, in the order of the calls. */
  tools: ToolOutcome[];
  finishReason: FinishReason;
  usage: Usage;
  /** Milliseconds from the first call's dispatch to the last result. Tools run while the model still decodes. */
  toolMs: number;
  /** Messages that the conversation forgot to make room for this step (`onOverflow`); 0 for none. */
  dropped: number;
  /** What it lost with them, and has instead. Undefined: nothing was lost. */
  context?: ContextChange | undefined;
}

/** Sums over the steps, summaries of `onOverflow: 'compact'` included; see Usage. */
export interface RunUsage {
  promptTokens: number;
  /** Null: not known of a step (an engine elsewhere that does not tell). */
  cachedTokens: number | null;
  computedTokens: number;
  outputTokens: number;
  toolCalls: number;
  /** Milliseconds from the first step's submission to its first token. */
  ttftMs: number;
  queueMs: number;
  toolMs: number;
  /** Milliseconds of the run; of a resumed one since it was resumed. */
  totalMs: number;
}

/** How a run can end; journals hold one of these words. */
export const STOP_REASONS = [
  'answer',
  'max-steps',
  'max-tokens',
  'timeout',
  'cancelled',
  'context',
  'no-call',
] as const;

/**
 * `answer`: the model was done. `no-call`: a step that had to call a tool (`forceTools`) ended without a call. The others
 * name the limit that ended the run. `max-tokens`: also when it cut the answer; `context`: the context ended in the answer, or
 * it has no room for the results of the last calls, not even cut ones.
 */
export type StopReason = (typeof STOP_REASONS)[number];

/** A turn of the model or a tool call, with its times in milliseconds since the run began. */
export interface TraceSpan {
  kind: 'generate' | 'tool';
  step: number;
  name: string;
  startMs: number;
  endMs: number;
  ok: boolean;
}

export interface RunResult {
  /** The answer: text of the last step. */
  text: string;
  stopReason: StopReason;
  steps: AgentStep[];
  usage: RunUsage;
  trace: TraceSpan[];
  /** Calls that were begun before the model made them; undefined: the agent has no `predictor`. */
  speculation: SpeculationReport | undefined;
}

export type AgentEvent =
  | { type: 'text' | 'reasoning'; step: number; text: string }
  /** The conversation made room for this step: what it lost, and has instead. */
  | { type: 'context'; step: number; change: ContextChange }
  | { type: 'tool-call'; step: number; call: ToolCall }
  | { type: 'tool-result'; step: number; outcome: ToolOutcome }
  | { type: 'step'; step: AgentStep }
  | { type: 'finish'; result: RunResult };

export function sumUsage(steps: readonly AgentStep[], totalMs: number): RunUsage {
  const sum = (value: (step: AgentStep) => number) => steps.reduce((total, step) => total + value(step), 0);
  const count = (key: Exclude<keyof Summary['usage'], 'cachedTokens'>) =>
    sum(({ usage, context }) => usage[key] + (context?.summary?.usage[key] ?? 0));
  const cached = steps.flatMap(({ usage, context }) => [usage, context?.summary?.usage ?? []].flat());
  return {
    promptTokens: count('promptTokens'),
    cachedTokens: cached.reduce<number | null>((total, { cachedTokens }) => knownSum(total, cachedTokens), 0),
    computedTokens: count('computedTokens'),
    outputTokens: count('outputTokens'),
    toolCalls: sum(({ tools }) => tools.length),
    ttftMs: steps[0]?.usage.ttftMs ?? 0,
    queueMs: count('queueMs'),
    toolMs: sum(({ toolMs }) => toolMs),
    totalMs,
  };
}
