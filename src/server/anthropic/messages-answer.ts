import { randomBytes } from 'node:crypto';
import type { ToolCall } from '../../chat/chat-message.js';
import type { GenerationResult, Usage } from '../../engine/generation.js';
import { type CacheReport, totalWritten } from '../../stateless/cache/cache-report.js';
import type { Signatures } from '../../stateless/signature.js';
import { answerMarks } from '../chat/answer-marks.js';
import { DIRECT_CALL, HOSTED_MESSAGE, HOSTED_USAGE } from './hosted-fields.js';

/** Ids of messages and of the uses of tools: they occur once. */
export const newId = (kind: 'msg' | 'toolu' | 'req') => `${kind}_${randomBytes(12).toString('hex')}`;

/** Why an answer ended, in Anthropic's words. */
export function toStop({
  toolCalls,
  finishReason,
  stopText,
}: Pick<GenerationResult, 'toolCalls' | 'finishReason' | 'stopText'>): {
  stop_reason: string;
  stop_sequence: string | null;
} {
  if (toolCalls.length > 0) return { stop_reason: 'tool_use', stop_sequence: null };
  if (finishReason === 'length') return { stop_reason: 'max_tokens', stop_sequence: null };
  if (finishReason === 'stop-sequence') return { stop_reason: 'stop_sequence', stop_sequence: stopText ?? null };
  return { stop_reason: 'end_turn', stop_sequence: null };
}

/** Anthropic has two times to live; a mark of another one counts with the next longer. */
const SHORT_MS = 5 * 60_000;

/** Each token of the prompt in one count: read from the cache, computed and pinned, or only computed. */
export function toUsage({ outputTokens }: Usage, cache: CacheReport): object {
  const short = cache.written.filter(({ ttlMs }) => ttlMs <= SHORT_MS).reduce((sum, { tokens }) => sum + tokens, 0);
  const written = totalWritten(cache);
  return {
    input_tokens: cache.fresh,
    cache_read_input_tokens: cache.read,
    cache_creation_input_tokens: written,
    cache_creation: { ephemeral_5m_input_tokens: short, ephemeral_1h_input_tokens: written - short },
    output_tokens: outputTokens,
  };
}

/**
 * Why a prompt was not found in the cache as far as the one before, in Anthropic's words. Null: it was not asked, or the prompt
 * only goes on from the one before and was found.
 */
export function toDiagnostics(
  asked: { previous_message_id?: string | null | undefined } | null | undefined,
  cache: CacheReport,
) {
  if (asked?.previous_message_id == null) return null;
  const reason = (type: string, counted = true) => ({
    cache_miss_reason: { type, ...(counted && { cache_missed_input_tokens: cache.missed }) },
  });
  if (cache.previousUnknown) return reason('previous_message_not_found', false);
  const section = cache.difference?.section;
  if (section !== undefined && section !== 'options') return reason(`${section}_changed`);
  return section === 'options' || cache.missed > MOST_RECOMPUTED ? reason('unavailable', false) : null;
}

/** Tokens at the end of a page that are computed again in any case: more were lost to others. */
const MOST_RECOMPUTED = 64;

/** Arguments as an object: what is no JSON, or no object, is shown as the model wrote it. */
export function toInput({ input, arguments: json }: ToolCall): object {
  return typeof input === 'object' && input !== null && !Array.isArray(input) ? input : { arguments: json };
}

/** A whole answer: the body of a response that is not streamed. */
export function toMessage(
  { id, model, diagnostics }: { id: string; model: string; diagnostics: object | null },
  result: GenerationResult,
  signatures: Signatures,
  cache: CacheReport,
): object {
  const { reasoning, text, toolCalls, usage } = result;
  return {
    id,
    type: 'message',
    role: 'assistant',
    model,
    content: [
      ...(reasoning ? [{ type: 'thinking', thinking: reasoning, signature: signatures.of(reasoning) }] : []),
      ...(text ? [{ type: 'text', text, citations: [] }] : []),
      ...toolCalls.map((call) => ({
        type: 'tool_use',
        id: newId('toolu'),
        name: call.name,
        input: toInput(call),
        ...DIRECT_CALL,
      })),
    ],
    ...toStop(result),
    ...HOSTED_MESSAGE,
    ...answerMarks(result),
    usage: { ...HOSTED_USAGE, ...toUsage(usage, cache) },
    diagnostics,
  };
}
