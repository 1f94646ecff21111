import { randomBytes } from 'node:crypto';
import type { ToolCall } from '../../chat/chat-message.js';
import type { GenerationResult, Usage } from '../../engine/generation.js';
import type { TokenChance, TokenLogprob } from '../../native/events.js';
import { CallIds } from '../../stateless/call-ids.js';
import { answerMarks } from '../chat/answer-marks.js';

/** What all chunks of one answer have in common. */
export interface AnswerHead {
  id: string;
  created: number;
  model: string;
}

export function newHead(model: string): AnswerHead {
  return { id: `chatcmpl-${randomBytes(12).toString('hex')}`, created: Math.floor(Date.now() / 1_000), model };
}

/** Why an answer ended, in OpenAI's words: told by the calls that it holds, whatever the model said. */
export function finishReason({
  toolCalls,
  finishReason: reason,
}: Pick<GenerationResult, 'toolCalls' | 'finishReason'>): string {
  if (toolCalls.length > 0) return 'tool_calls';
  return reason === 'length' ? 'length' : 'stop';
}

/**
 * Of several answers to one question, whose prompt counts once: what the first of them has computed the others find in the cache.
 * `written`: tokens of the prompt that were pinned.
 */
export function toUsage(usages: readonly Usage[], written: number): object {
  const { promptTokens = 0 } = usages[0] ?? {};
  const known = usages.flatMap(({ cachedTokens }) => cachedTokens ?? []);
  const cachedTokens = known.length === usages.length ? Math.min(...known) : null;
  const sum = (pick: (usage: Usage) => number) => usages.reduce((total, usage) => total + pick(usage), 0);
  const outputTokens = sum((usage) => usage.outputTokens);
  const reasoningTokens = sum((usage) => usage.reasoningTokens);
  return {
    prompt_tokens: promptTokens,
    completion_tokens: outputTokens,
    total_tokens: promptTokens + outputTokens,
    prompt_tokens_details: { cached_tokens: cachedTokens, cache_write_tokens: written },
    completion_tokens_details: { reasoning_tokens: reasoningTokens },
  };
}

export function toWireCall({ name, arguments: json }: ToolCall, id: string): object {
  return { id, type: 'function', function: { name, arguments: json } };
}

export function toWireLogprobs(logprobs: readonly TokenLogprob[]): object[] {
  const shown = ({ text, logprob, bytes }: TokenChance) => ({ token: text, logprob, bytes });
  return logprobs.map((token) => ({ ...shown(token), top_logprobs: token.top.map(shown) }));
}

/** Whole answers to one question: the body of a response that is not streamed. */
export function toCompletion(head: AnswerHead, results: readonly GenerationResult[], usage: object): object {
  const shortened = results.some((result) => result.shortened);
  return { ...head, object: 'chat.completion', choices: results.map(toChoice), usage, ...answerMarks({ shortened }) };
}

function toChoice(result: GenerationResult, index: number): object {
  const { text, reasoning, toolCalls, logprobs } = result;
  const ids = new CallIds();
  const message = {
    role: 'assistant',
    content: text === '' && toolCalls.length > 0 ? null : text,
    refusal: null,
    annotations: [],
    ...(reasoning && { reasoning_content: reasoning }),
    ...(toolCalls.length > 0 && { tool_calls: toolCalls.map((call, at) => toWireCall(call, ids.of(at))) }),
  };
  return {
    ...{ index, message, finish_reason: finishReason(result) },
    logprobs: logprobs.length > 0 ? { content: toWireLogprobs(logprobs), refusal: null } : null,
  };
}
