import type { LanguageModelV3FinishReason, LanguageModelV3Usage } from '@ai-sdk/provider';
import type { GenerationResult, Usage } from '../../engine/generation.js';

/** How an answer ended and what it cost, in the AI SDK's words. */
export interface Finished {
  finishReason: LanguageModelV3FinishReason;
  usage: LanguageModelV3Usage;
}

export function finished(result: GenerationResult, reasoningTokens: number): Finished {
  return {
    finishReason: { unified: reasonOf(result), raw: result.finishReason },
    usage: toUsage(result.usage, reasoningTokens),
  };
}

/** Of an answer that failed. */
export const FAILED: Finished = {
  finishReason: { unified: 'error', raw: 'error' },
  usage: {
    inputTokens: { total: undefined, noCache: undefined, cacheRead: undefined, cacheWrite: undefined },
    outputTokens: { total: undefined, text: undefined, reasoning: undefined },
  },
};

/** Calls count before the model's own word, as for the faces of the server. */
function reasonOf({ toolCalls, finishReason: reason }: GenerationResult): LanguageModelV3FinishReason['unified'] {
  if (toolCalls.length > 0) return 'tool-calls';
  if (reason === 'length') return reason;
  return reason === 'stop' || reason === 'stop-sequence' ? 'stop' : 'other';
}

/** `cacheWrite` is what was pinned: nothing. What is computed stays cached anyway, and costs no more than what is not. */
function toUsage(usage: Usage, reasoning: number): LanguageModelV3Usage {
  const { promptTokens: total, cachedTokens, outputTokens } = usage;
  const cacheRead = cachedTokens ?? undefined;
  const noCache = cacheRead === undefined ? undefined : total - cacheRead;
  return {
    inputTokens: { total, noCache, cacheRead, cacheWrite: 0 },
    outputTokens: { total: outputTokens, text: outputTokens - reasoning, reasoning },
    raw: JSON.parse(JSON.stringify(usage)),
  };
}
