import { SAMPLING_NAMES } from '../chat/sampling-fields.js';
import type { HttpFailure } from '../http/http-error.js';

/** A failure in OpenAI's shape, and in its words where clients look for numbers in them. */
export function openaiError({ status, message: why, param, code, context }: HttpFailure): object {
  const message = context
    ? `This model's maximum context length is ${context.limit} tokens. However, your messages resulted in ${context.tokens} tokens. Please reduce their length.`
    : why;
  return { message, type: typeOf(status), param: param ?? null, code };
}

function typeOf(status: HttpFailure['status']): string {
  if (status === 401) return 'authentication_error';
  if (status === 403) return 'permission_error';
  if (status === 429) return 'rate_limit_error';
  return status >= 500 ? 'server_error' : 'invalid_request_error';
}

/** Names on the wire of options that are called otherwise here. */
const WIRE_NAMES: Record<string, string> = {
  prompt: 'messages',
  maxTokens: 'max_tokens',
  ...Object.fromEntries(Object.entries(SAMPLING_NAMES).map(([field, name]) => [name, field])),
  logprobs: 'top_logprobs',
  promptLogprobs: 'logprobs',
  schema: 'response_format.json_schema.schema',
  toolChoice: 'tool_choice',
  'toolChoice.tool': 'tool_choice.function.name',
  parallelToolCalls: 'parallel_tool_calls',
};

/** The body's name of an option's field, on this route. */
export function wireName(field: string, route = ''): string {
  if (route === '/v1/tokens' || route === '/v1/hints') return field;
  if (route === '/v1/completions' && (field === 'prompt' || field === 'logprobs')) return field;
  if (route.startsWith('/v1/embeddings')) return field.replace(/^texts\b/, 'input');
  if (route.startsWith('/v1/responses')) {
    if (field === 'maxTokens') return 'max_output_tokens';
    if (field === 'schema') return 'text.format.schema';
    if (field === 'prompt') return 'input';
    if (field === 'toolChoice.tool') return 'tool_choice.name';
  }
  return (
    WIRE_NAMES[field] ??
    field
      .replace(/^schema\b/, 'response_format.json_schema.schema')
      .replace(/^(tools\[\d+\])\.(name|description|parameters)/, '$1.function.$2')
      .replace(/^logitBias\b/, 'logit_bias')
      .replace('.toolCalls', '.tool_calls')
      .replace('.toolCallId', '.tool_call_id')
  );
}
