/*
 * Names of OpenTelemetry's conventions for generative AI, which are still in development: when they move, only this file does. What they
 * have no name for is `banyan.*`.
 */
export const OPERATION = 'gen_ai.operation.name';
export const PROVIDER = 'gen_ai.provider.name';
export const REQUEST_MODEL = 'gen_ai.request.model';
export const MAX_TOKENS = 'gen_ai.request.max_tokens';
export const FINISH_REASONS = 'gen_ai.response.finish_reasons';
export const INPUT_TOKENS = 'gen_ai.usage.input_tokens';
export const OUTPUT_TOKENS = 'gen_ai.usage.output_tokens';
export const CACHED_TOKENS = 'gen_ai.usage.cache_read.input_tokens';
export const CONVERSATION = 'gen_ai.conversation.id';
export const TOOL_NAME = 'gen_ai.tool.name';
export const TOOL_CALL = 'gen_ai.tool.call.id';
export const ERROR_TYPE = 'error.type';

export const CLASS = 'banyan.class';
export const TENANT = 'banyan.tenant';
export const LABEL = 'banyan.label';
export const QUEUE_MS = 'banyan.queue_ms';
export const TTFT_MS = 'banyan.ttft_ms';
export const MISS = 'banyan.cache.miss_reason';
export const PREEMPTIONS = 'banyan.preemptions';
export const STOP_REASON = 'banyan.run.stop_reason';
export const STEP = 'banyan.step';

/** Values of OPERATION. */
export const CHAT = 'chat';
export const INVOKE = { agent: 'invoke_agent', workflow: 'invoke_workflow' } as const;
export const EXECUTE_TOOL = 'execute_tool';

/** Events of a request's span. */
export const ADMITTED = 'admitted';
export const FIRST_TOKEN = 'first_token';
