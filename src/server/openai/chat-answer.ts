import { randomBytes } from 'node:crypto';
import type { ToolCall } from '../../chat/chat-message.js';
import type { GenerationResult, Usage } from '../../engine/generation.js';
import type { TokenChance, TokenLogprob } from '../../native/events.js';
import type { CallIds } from '../../stateless/call-ids.js';
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

/** `written`: tokens of the prompt that were pinned. */
export function toUsage(
  { promptTokens, outputTokens, cachedTokens }: Usage,
  reasoningTokens: number,
  written: number,
): object {
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

/** A whole answer: the body of a response that is not streamed. */
export function toCompletion(
  head: AnswerHead,
  result: GenerationResult,
  reasoningTokens: number,
  written: number,
  ids: CallIds,
): object {
  const { text, reasoning, toolCalls, logprobs, usage } = result;
  const message = {
    role: 'assistant',
    content: text === '' && toolCalls.length > 0 ? null : text,
    refusal: null,
    annotations: [],
    ...(reasoning && { reasoning_content: reasoning }),
    ...(toolCalls.length > 0 && { tool_calls: toolCalls.map((call, index) => toWireCall(call, ids.of(index))) }),
  };
  return {
    ...head,
    object: 'chat.completion',
    choices: [
      {
        ...{ index: 0, message, finish_reason: finishReason(result) },
        logprobs: logprobs.length > 0 ? { content: toWireLogprobs(logprobs), refusal: null } : null,
      },
    ],
    usage: toUsage(usage, reasoningTokens, written),
    ...answerMarks(result),
  };
}
