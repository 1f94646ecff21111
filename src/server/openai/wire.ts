import { z } from 'zod';
import { samplingFields } from '../chat/sampling-fields.js';
import { serviceTier } from '../chat/service-tier.js';
import { maybe } from '../chat/wire-body.js';
import { promptCacheOptions } from './breakpoints.js';

/*
 * What clients send to /v1/chat/completions: OpenAI's fields, and those that local servers have beside them. `null` is as
 * good as absent everywhere, as some SDKs send it. Fields that are not here are ignored, and named in a response header.
 */

const part = z.looseObject({ type: z.string(), text: maybe(z.string()), refusal: maybe(z.string()) });
const content = z.union([z.string(), z.array(part)]).nullish();

const toolCall = z.looseObject({
  id: maybe(z.string()),
  function: z.looseObject({ name: z.string(), arguments: z.union([z.string(), z.looseObject({})]).nullish() }),
});

const message = z.looseObject({
  role: z.enum(['system', 'developer', 'user', 'assistant', 'tool', 'function']),
  content,
  name: maybe(z.string()),
  tool_calls: maybe(z.array(toolCall)),
  tool_call_id: maybe(z.string()),
  reasoning_content: maybe(z.string()),
  reasoning: maybe(z.string()),
});

const tool = z.looseObject({
  type: z.string().default('function'),
  function: z
    .looseObject({
      name: z.string(),
      description: maybe(z.string()),
      parameters: maybe(z.looseObject({})),
      strict: maybe(z.boolean()),
    })
    .optional(),
});

const named = z.looseObject({ type: z.literal('function'), function: z.looseObject({ name: z.string() }) });
const allowed = z.looseObject({
  type: z.literal('allowed_tools'),
  allowed_tools: z.looseObject({ mode: z.enum(['auto', 'required']), tools: z.array(named) }),
});

const responseFormat = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('text') }),
  z.looseObject({ type: z.literal('json_object') }),
  z.looseObject({
    type: z.literal('json_schema'),
    json_schema: z.looseObject({ name: maybe(z.string()), schema: z.looseObject({}) }),
  }),
]);

export const chatRequest = z.object({
  model: maybe(z.string()),
  messages: z.array(message).min(1).max(10_000),
  tools: maybe(z.array(tool).max(1_024)),
  tool_choice: maybe(z.union([z.enum(['auto', 'none', 'required']), named, allowed])),
  parallel_tool_calls: maybe(z.boolean()),
  response_format: maybe(responseFormat),
  stop: maybe(z.union([z.string(), z.array(z.string()).max(16)])),
  max_tokens: maybe(z.int().min(0)),
  max_completion_tokens: maybe(z.int().min(0)),
  ...samplingFields,
  logprobs: maybe(z.boolean()),
  top_logprobs: maybe(z.int().min(0).max(20)),
  n: maybe(z.int().min(1).max(128)),
  best_of: maybe(z.int().min(1)),
  stream: maybe(z.boolean()),
  stream_options: maybe(z.looseObject({ include_usage: maybe(z.boolean()) })),
  reasoning_effort: maybe(z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh'])),
  chat_template_kwargs: maybe(z.looseObject({ enable_thinking: maybe(z.boolean()) })),
  continue_final_message: maybe(z.boolean()),
  service_tier: serviceTier,
  prompt_cache_key: maybe(z.string()),
  prompt_cache_options: promptCacheOptions,
});

export type ChatRequest = z.infer<typeof chatRequest>;
export type WireMessage = z.infer<typeof message>;
export type WireTool = z.infer<typeof tool>;
