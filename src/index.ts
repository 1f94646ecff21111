// The types say AsyncDisposable: a program without @types/node would not know it.
/// <reference lib="esnext.disposable" preserve="true" />

export { Agent } from './agent/agent.js';
export type { AgentEvent, AgentStep, RunResult, RunUsage, StopReason, TraceSpan } from './agent/agent-events.js';
export type { AgentOptions, ResumeOptions, RunOptions } from './agent/agent-options.js';
export type { AgentRun } from './agent/agent-run.js';
export type { AgentHost, HostAnswer, HostProgram, HostSession, HostTurn } from './agent/host.js';
export type { Journal, JournalEntry } from './agent/journal/journal.js';
export type { Limits } from './agent/limits.js';
export type { CallRule, PastCall, PredictedCall, RunPast } from './agent/speculation/run-past.js';
export type { SpeculationReport } from './agent/speculation/speculation.js';
export { ToolPredictor, type ToolPredictorOptions } from './agent/speculation/tool-predictor.js';
export { defineTool, type Tool, type ToolContext, type ToolDefinition } from './agent/tool.js';
export type { ToolOutcome } from './agent/tool-runner.js';
export { AuditLog, type AuditOptions } from './audit/audit-log.js';
export type { AuditEntry, AuditEvent, AuditText } from './audit/entry.js';
export type { AuditHead } from './audit/line.js';
export { type AuditReport, type VerifyAuditOptions, verifyAudit } from './audit/verify-audit.js';
export type { AssistantMessage, ChatMessage, SaidMessage, ToolCall, ToolMessage } from './chat/chat-message.js';
export type { CacheHint } from './chat/marks/cache-hint.js';
export type { PromptMark } from './chat/marks/prompt-marks.js';
export type { ContextChange, Summary } from './chat/overflow/context-change.js';
export type { OnOverflow, OverflowOptions } from './chat/overflow/overflow-options.js';
export type { Prompt } from './chat/prompt.js';
export type { ToolChoice, ToolSpec } from './chat/tool-spec.js';
export type { Embeddings } from './embedding/embedding.js';
export type { EmbeddingOptions } from './embedding/embedding-options.js';
export type { EmbeddingInput } from './embedding/texts.js';
export { Engine, type EngineStats, type ModelInfo } from './engine/engine.js';
export type { CacheOptions, EngineOptions } from './engine/engine-options.js';
export type { Generation, GenerationEvent, GenerationResult, Usage } from './engine/generation.js';
export type { Miss, Pin, PinOptions, PrefixOptions } from './engine/prefix-cache.js';
export type { Program, ProgramReport } from './engine/program.js';
export type { PromptOutline } from './engine/request.js';
export type { GenerateOptions, SamplingOptions, TurnOptions } from './engine/request-options.js';

export type { Session } from './engine/session.js';
export type { ForkOptions, SessionOptions } from './engine/session-options.js';
export type { DetokenizeOptions, TokenizeOptions } from './engine/tokenize-options.js';
export type { Turn } from './engine/turn.js';
export type { GraphEvent, GraphResult, NodeReport } from './graph/graph-events.js';
export type { GraphRun } from './graph/graph-run.js';
export type { NodeContext, Ref } from './graph/node.js';
export type { Plan } from './graph/plan.js';
export type { GraphRunOptions } from './graph/run-options.js';
export { type Prompt as WorkflowPrompt, text } from './graph/text.js';
export { type AskOptions, Workflow } from './graph/workflow.js';
export { canonicalJson } from './kit/canonical-json.js';
export { BanyanError, type ErrorCode } from './kit/errors.js';
export type { EventSink } from './kit/event-sink.js';
export { Memo, type MemoOptions } from './memo/memo.js';
export {
  type Embedder,
  type SemanticAnswer,
  SemanticMemo,
  type SemanticMemoOptions,
  type SemanticStats,
} from './memo/semantic-memo.js';
export type { LoadProgress } from './model/model-source.js';
export {
  type ModelHandle,
  type ModelLease,
  type ModelReport,
  Models,
  type SwapReport,
} from './models/models.js';
export type { ModelsOptions } from './models/models-options.js';
export type { SwapOptions, UseOptions } from './models/use-options.js';
export type { TokenLogprob } from './native/events.js';
export type { NativePolicy as Policy } from './native/policy.js';
export type { FinishReason, KvType, NativeClass as RequestClass } from './native/vocabulary.js';
export type { Decision } from './observe/decision-feed.js';
export { type Best, type BestOfOptions, bestOf, type Candidate } from './patterns/best-of.js';
export {
  ask,
  type BranchContext,
  type BranchOptions,
  type BranchTask,
  type PatternTurn,
  type Said,
} from './patterns/branches.js';
export { type Debate, type DebateOptions, debate, type Side, type Statement } from './patterns/debate.js';
export { type MapReduced, type MapReduceOptions, mapReduce } from './patterns/map-reduce.js';
export { parallel } from './patterns/parallel.js';
export { type Reflection, type ReflectOptions, reflect } from './patterns/reflect.js';
export { type Found, type Thought, type TreeSearchOptions, treeSearch, type Unjudged } from './patterns/tree-search.js';
export { boundedFetch } from './remote/chat/bounded-fetch.js';
export type { ChatModel } from './remote/chat/chat-model.js';
export { RemoteEngine } from './remote/remote-engine.js';
export type { RemoteOptions, RemoteServer } from './remote/remote-options.js';
export type { ServerStats } from './remote/server-stats.js';
export type { DatabaseLibrary } from './runs/database.js';
export {
  type ResumeAllOptions,
  type Resumed,
  RunStore,
  type RunStoreOptions,
  type RunSummary,
  type StepOptions,
} from './runs/run-store.js';
export type { StoredJournal } from './runs/stored-journal.js';
export type { JsonSchema, Schema, StandardSchema } from './schema/compile-schema.js';
export { type ClassifyOptions, classify, type Route, type Routed } from './tiers/route.js';
export {
  failsCheck,
  invalidOutput,
  lowConfidence,
  type Rule,
  repeatedCalls,
  tooLong,
  toolErrors,
} from './tiers/rules.js';
export type { Price, Tier, TierEngine, TierReport } from './tiers/tier.js';
export { type Tiered, Tiers, type TiersOptions, type Try } from './tiers/tiers.js';
export type { Recording, RecordOptions } from './trace/recording.js';
export type { WorkerReport } from './workers/supervised.js';
export { Workers } from './workers/workers.js';
export type { WorkersOptions } from './workers/workers-options.js';
