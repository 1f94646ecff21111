import type { TurnOptions } from '../../engine/request-options.js';
import { SAMPLING } from '../../native/sampling-options.js';
import { newId } from './output.js';
import type { ResponsesRequest } from './wire.js';

/** The fields of a response that do not change: what was asked, or what stands for what was left open. */
export function toHead(body: ResponsesRequest, model: string, { temperature, topP, maxTokens }: TurnOptions) {
  return {
    id: newId('resp'),
    object: 'response',
    created_at: Math.floor(Date.now() / 1_000),
    completed_at: null as number | null,
    model,
    background: false,
    error: null as object | null,
    frequency_penalty: 0,
    incomplete_details: null as object | null,
    instructions: body.instructions ?? null,
    max_output_tokens: body.max_output_tokens ?? maxTokens ?? null,
    max_tool_calls: null,
    metadata: body.metadata ?? {},
    output: [] as object[],
    parallel_tool_calls: body.parallel_tool_calls ?? true,
    presence_penalty: 0,
    previous_response_id: body.previous_response_id ?? null,
    prompt_cache_key: body.prompt_cache_key ?? null,
    reasoning: { effort: body.reasoning?.effort ?? null, summary: null },
    safety_identifier: null,
    service_tier: body.service_tier ?? 'default',
    store: body.store ?? true,
    temperature: body.temperature ?? temperature ?? SAMPLING.temperature.fallback,
    text: { format: body.text?.format ?? { type: 'text' } },
    tool_choice: body.tool_choice ?? 'auto',
    tools: (body.tools ?? []).map((tool) =>
      tool.type === 'function' ? { description: null, parameters: null, strict: false, ...tool } : tool,
    ),
    top_logprobs: 0,
    top_p: body.top_p ?? topP ?? SAMPLING.topP.fallback,
    truncation: body.truncation ?? 'disabled',
    usage: null as object | null,
  };
}

export type Head = ReturnType<typeof toHead>;
