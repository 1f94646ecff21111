import { z } from 'zod';
import { samplingFields } from '../chat/sampling-fields.js';
import { maybe } from '../chat/wire-body.js';

/*
 * What clients send to /v1/messages. Blocks are read by their `type`; fields that are not here are ignored, and named in a
 * response header.
 */

/** Keeps the prompt up to the block that has it. What is none is ignored, as the rest of a block's extras. */
const cacheControl = z.unknown().optional();

/** One block of a message: which fields it has depends on `type`. */
const block = z.looseObject({
  type: z.string(),
  text: z.string().optional(),
  id: z.string().optional(),
  name: z.string().optional(),
  input: z.unknown().optional(),
  tool_use_id: z.string().optional(),
  content: z.unknown().optional(),
  is_error: maybe(z.boolean()),
  thinking: z.string().optional(),
  signature: z.string().optional(),
  cache_control: cacheControl,
});

const content = z.union([z.string(), z.array(block)]);

const message = z.looseObject({ role: z.enum(['user', 'assistant', 'system']), content });

const tool = z.looseObject({
  type: maybe(z.string()),
  name: z.string(),
  description: maybe(z.string()),
  input_schema: z.looseObject({}).optional(),
  cache_control: cacheControl,
});

const toolChoice = z.looseObject({
  type: z.enum(['auto', 'any', 'tool', 'none']),
  name: z.string().optional(),
  disable_parallel_tool_use: maybe(z.boolean()),
});

export const messagesRequest = z.object({
  model: maybe(z.string()),
  max_tokens: z.int().min(0),
  messages: z.array(message).min(1).max(10_000),
  system: maybe(content),
  tools: maybe(z.array(tool).max(1_024)),
  tool_choice: maybe(toolChoice),
  stop_sequences: maybe(z.array(z.string()).max(16)),
  temperature: maybe(z.number().min(0).max(1)),
  top_p: samplingFields.top_p,
  top_k: maybe(z.int().min(0)),
  stream: maybe(z.boolean()),
  cache_control: cacheControl,
  diagnostics: maybe(z.looseObject({ previous_message_id: maybe(z.string()) })),
  thinking: maybe(z.looseObject({ type: z.string(), budget_tokens: maybe(z.int().min(0)) })),
  output_format: maybe(z.looseObject({ type: z.literal('json_schema'), schema: z.looseObject({}) })),
  output_config: maybe(
    z.looseObject({ format: maybe(z.looseObject({ type: z.literal('json_schema'), schema: z.looseObject({}) })) }),
  ),
});

/** The same question, to be counted only. */
export const countRequest = messagesRequest.partial({ max_tokens: true });

export type MessagesRequest = z.infer<typeof messagesRequest>;
export type CountRequest = z.infer<typeof countRequest>;
export type WireBlock = z.infer<typeof block>;
export type WireMessage = z.infer<typeof message>;
