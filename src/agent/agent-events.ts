import type { ToolCall } from '../chat/chat-message.js';
import type { ContextChange, Summary } from '../chat/overflow/context-change.js';
import type { Usage } from '../engine/generation.js';
import { knownSum } from '../kit/sums/known-sum.js';
import type { FinishReason } from '../native/vocabulary.js';
import type { SpeculationReport } from './speculation/speculation.js';
import type { ToolOutcome } from './tool-runner.js';

/** One turn of the model and the tools that it called. */
export interface AgentStep {
  /** Its number in the run: 0, 1, 2 ... */
  index: number;
  /** Words of this turn, beside its calls. */
  text: string;
  /** What the model thought in this turn; '' where it did not. */
  reasoning: string;
  /** The outcomes of its tool calls, in the order of the calls. */
  tools: ToolOutcome[];
  /** Why this turn ended. */
  finishReason: FinishReason;
  /** What this turn cost, as an answer's. */
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
  /** Of all prompts, cached ones too: a conversation counts again in each step. */
  promptTokens: number;
  /** Null: not known of a step (an engine elsewhere that does not tell). */
  cachedTokens: number | null;
  /** Went through the model. */
  computedTokens: number;
  /** Of all turns. */
  outputTokens: number;
  /** Calls of tools, failed ones too. */
  toolCalls: number;
  /** Milliseconds from the first step's submission to its first token. */
  ttftMs: number;
  /** From the submission of each turn to its first step. */
  queueMs: number;
  /** From the first call of a step to its last result. */
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
  /** A turn of the model, or a tool call. */
  kind: 'generate' | 'tool';
  /** Index of its step. */
  step: number;
  /** Name of the tool; of a turn `model`. */
  name: string;
  /** From the beginning of the run. */
  startMs: number;
  /** From the beginning of the run. */
  endMs: number;
  /** False: the tool failed (`ToolOutcome`). */
  ok: boolean;
}

export interface RunResult {
  /** The answer: text of the last step. */
  text: string;
  /** Why the run ended: with an answer, or at a limit. */
  stopReason: StopReason;
  /** Turns of the model with their tools, in order. */
  steps: AgentStep[];
  /** What the run cost. */
  usage: RunUsage;
  /** When each turn and each tool ran. */
  trace: TraceSpan[];
  /** Calls that were begun before the model made them; undefined: the agent has no `predictor`. */
  speculation: SpeculationReport | undefined;
}

export type AgentEvent =
  /** More of the words, or thoughts, of the turn under way. */
  | { type: 'text' | 'reasoning'; step: number; text: string }
  /** The conversation made room for this step: what it lost, and has instead. */
  | { type: 'context'; step: number; change: ContextChange }
  /** The model has made a call: its tool begins, also while the model still writes. */
  | { type: 'tool-call'; step: number; call: ToolCall }
  /** A tool has ended, well or not. */
  | { type: 'tool-result'; step: number; outcome: ToolOutcome }
  /** A turn and its tools are over. */
  | { type: 'step'; step: AgentStep }
  /** The run has ended: the last event. */
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
