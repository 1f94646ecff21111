import type { ToolSpec } from '../../chat/tool-spec.js';
import type { TurnOptions } from '../../engine/request-options.js';
import type { JsonSchema } from '../../schema/compile-schema.js';
import type { ChatCall } from '../../stateless/chat-call.js';
import { toSampling } from '../chat/sampling-fields.js';
import { classOf } from '../chat/service-tier.js';
import { given, unknownFields } from '../chat/wire-body.js';
import { HttpError } from '../http/http-error.js';
import { breakpointTtl } from './breakpoints.js';
import { type ToldOfMessages, toMessages } from './chat-messages.js';
import { type ChatRequest, chatRequest, type WireTool } from './wire.js';

/** What a checked body of /v1/chat/completions asks of the engine. Throws HttpError 400. */
export function toChatCall(body: ChatRequest, raw: unknown): ChatCall {
  const ignored = unknownFields(chatRequest, raw);
  const tools = toTools(body.tools ?? [], ignored);
  const told: ToldOfMessages = { marks: [], changes: [] };
  const messages = toMessages(body.messages, told, breakpointTtl(body.prompt_cache_options));
  return {
    ...{ messages, tools, ignored, ...told },
    options: {
      ...{ ...toSampling(body), ...toAnswerForm(body), ...toToolOptions(body, tools) },
      ...given({ class: classOf(body.service_tier) }),
      // As vLLM and llama-server have it; OpenAI always begins a new answer.
      ...(body.continue_final_message && { continueAnswer: true }),
    },
  };
}

function toTools(wire: readonly WireTool[], ignored: string[]): ToolSpec[] {
  return wire.flatMap(({ type, function: tool }, index): ToolSpec[] => {
    if (tool === undefined) {
      ignored.push(`tools[${index}] (${type})`); // hosted tools run at OpenAI's
      return [];
    }
    const { name, description, parameters } = tool;
    return [{ name, description: description ?? '', parameters: (parameters ?? { type: 'object' }) as JsonSchema }];
  });
}

function toAnswerForm(body: ChatRequest): TurnOptions {
  const { response_format: format, reasoning_effort: effort, chat_template_kwargs: template } = body;
  return given({
    maxTokens: body.max_completion_tokens ?? body.max_tokens,
    stop: body.stop,
    logprobs: body.logprobs ? (body.top_logprobs ?? 0) : undefined,
    schema: format?.type === 'json_schema' ? (format.json_schema.schema as JsonSchema) : anyObject(format?.type),
    thinking: template?.enable_thinking ?? (effort === 'none' || effort === 'minimal' ? false : undefined),
  });
}

const anyObject = (type: string | undefined) => (type === 'json_object' ? ({ type: 'object' } as const) : undefined);

function toToolOptions(
  { tool_choice: choice, parallel_tool_calls: parallel }: ChatRequest,
  tools: ToolSpec[],
): TurnOptions {
  if (tools.length === 0) {
    if (choice == null || choice === 'auto' || choice === 'none') return {};
    throw new HttpError(400, 'invalid_request', 'tool_choice asks for a tool, and there is none', 'tool_choice');
  }
  const options = given({ parallelToolCalls: parallel });
  if (choice == null || typeof choice === 'string')
    return { ...options, ...(choice != null && { toolChoice: choice }) };
  if (choice.type === 'function') return { ...options, toolChoice: { tool: choice.function.name } };
  const { mode, tools: allowed } = choice.allowed_tools;
  const [only] = allowed;
  if (mode === 'required' && allowed.length === 1 && only)
    return { ...options, toolChoice: { tool: only.function.name } };
  return { ...options, toolChoice: mode };
}
