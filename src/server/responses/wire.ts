import { z } from 'zod';
import { samplingFields } from '../chat/sampling-fields.js';
import { serviceTier } from '../chat/service-tier.js';
import { maybe } from '../chat/wire-body.js';
import { promptCacheOptions } from '../openai/breakpoints.js';

/*
 * What clients send to /v1/responses. Items are read by their `type`; one without it is a message. Fields that are not here are
 * ignored, and named in a response header.
 */

const part = z.looseObject({ type: z.string(), text: maybe(z.string()), refusal: maybe(z.string()) });
const content = z.union([z.string(), z.array(part)]);

/** A tool: its own fields beside `type`, and for a namespace the tools in it. */
const tool = z.looseObject({
  type: z.string(),
  name: z.string().optional(),
  description: maybe(z.string()),
  parameters: maybe(z.looseObject({})),
  tools: z.array(z.looseObject({ type: z.string(), name: z.string().optional() })).optional(),
});

/** One item of a conversation: which fields it has depends on `type`. */
const item = z.looseObject({
  type: maybe(z.string()),
  id: maybe(z.string()),
  role: z.enum(['system', 'developer', 'user', 'assistant']).optional(),
  content: maybe(content),
  call_id: z.string().optional(),
  name: z.string().optional(),
  namespace: maybe(z.string()),
  arguments: z.string().optional(),
  input: z.string().optional(),
  output: z.unknown().optional(),
  encrypted_content: maybe(z.string()),
  tools: z.array(tool).max(1_024).optional(),
});

const toolChoice = z.union([
  z.enum(['auto', 'none', 'required']),
  z.looseObject({
    type: z.string(),
    name: z.string().optional(),
    mode: z.enum(['auto', 'required']).optional(),
    tools: z.array(z.looseObject({ name: z.string().optional() })).optional(),
  }),
]);

const format = z.looseObject({
  type: z.enum(['text', 'json_object', 'json_schema']),
  schema: z.looseObject({}).optional(),
});

export const responsesRequest = z.object({
  model: maybe(z.string()),
  input: z.union([z.string(), z.array(item).max(10_000)]),
  instructions: maybe(z.string()),
  previous_response_id: maybe(z.string()),
  store: maybe(z.boolean()),
  stream: maybe(z.boolean()),
  tools: maybe(z.array(tool).max(1_024)),
  tool_choice: maybe(toolChoice),
  parallel_tool_calls: maybe(z.boolean()),
  text: maybe(z.looseObject({ format: maybe(format) })),
  reasoning: maybe(z.looseObject({ effort: maybe(z.string()) })),
  max_output_tokens: maybe(z.int().min(0)),
  temperature: samplingFields.temperature,
  top_p: samplingFields.top_p,
  truncation: maybe(z.enum(['auto', 'disabled'])),
  continue_final_message: maybe(z.boolean()),
  service_tier: serviceTier,
  prompt_cache_key: maybe(z.string()),
  prompt_cache_options: promptCacheOptions,
  metadata: maybe(z.record(z.string(), z.string())),
  background: maybe(z.literal(false, 'background responses are not kept here: stream this one')),
});

export type ResponsesRequest = z.infer<typeof responsesRequest>;
export type WireItem = z.infer<typeof item>;

/** An item that stands for one of an earlier answer. */
export const isReference = (wire: WireItem): wire is WireItem & { id: string } =>
  typeof wire.id === 'string' &&
  (wire.type === 'item_reference' || (wire.type == null && wire.role === undefined && wire.content == null));
export type WireTool = z.infer<typeof tool>;
