// The types say AsyncDisposable: a program without @types/node would not know it.
/// <reference lib="esnext.disposable" preserve="true" />

export { Agent, type AgentOptions, type RunOptions } from './agent/agent.js';
export type { AgentEvent, AgentStep, RunResult, RunUsage, StopReason, TraceSpan } from './agent/agent-events.js';
export type { AgentRun } from './agent/agent-run.js';
export type { Journal, JournalEntry } from './agent/journal.js';
export type { Limits } from './agent/limits.js';
export { defineTool, type Tool, type ToolContext, type ToolDefinition } from './agent/tool.js';
export type { ToolOutcome } from './agent/tool-runner.js';
export { canonicalJson } from './engine/canonical-json.js';
export type { AssistantMessage, ChatMessage, ToolCall, ToolMessage } from './engine/chat-message.js';
export type { Decision } from './engine/decision-feed.js';
export { Engine, type EngineStats, type ModelInfo, type TokenizeOptions } from './engine/engine.js';
export { BanyanError, type ErrorCode } from './engine/errors.js';
export type { GenerateOptions, TurnOptions } from './engine/generate-options.js';
export type { Generation, GenerationEvent, GenerationResult, Usage } from './engine/generation.js';
export type { EngineOptions, LoadProgress } from './engine/load-options.js';
export type { Miss, Pin, PrefixOptions } from './engine/prefix.js';
export type { Program, ProgramReport } from './engine/program.js';
export type { Prompt } from './engine/prompt.js';
export type { Recording, RecordOptions } from './engine/recording.js';
export type { SamplingOptions } from './engine/sampling.js';
export type { JsonSchema, Schema, StandardSchema } from './engine/schema.js';
export type { Session } from './engine/session.js';
export type { SessionOptions } from './engine/session-options.js';
export type { ToolChoice, ToolSpec } from './engine/tool-spec.js';
export type { OnOverflow } from './engine/trim-history.js';
export type { Turn } from './engine/turn.js';
export type { FinishReason, KvType, NativeClass as RequestClass } from './native/binding.js';
export type { TokenLogprob } from './native/events.js';
export type { NativePolicy as Policy } from './native/policy.js';
