import type {
  LanguageModelV3GenerateResult,
  LanguageModelV3Reasoning,
  LanguageModelV3StreamPart,
  LanguageModelV3StreamResult,
  LanguageModelV3Text,
  LanguageModelV3ToolCall,
  SharedV3Warning,
} from '@ai-sdk/provider';

/*
 * The AI SDK's interface of a language model, as both of its versions have it: V3 (ai 6, which ai 7 takes too) and V4 (ai 7).
 * What a call holds is typed as wide as both together, what comes back as narrow. So a model of ours fits either.
 */

export type Version = 'v3' | 'v4';
export type Warning = SharedV3Warning;

/** Options by the names of providers. */
type ProviderOptions = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** A part of a message. What else it has depends on its `type`, and on the version. */
export interface Part {
  type: string;
  text?: string | undefined;
  /** Of a file. V3: base64, bytes or a URL; V4: an object that says which. */
  data?: unknown;
  mediaType?: string | undefined;
  /** Of a call, and of its result. */
  toolCallId?: string | undefined;
  toolName?: string | undefined;
  input?: unknown;
  output?: unknown;
  providerOptions?: ProviderOptions | undefined;
}

export interface Message {
  role: 'system' | 'user' | 'assistant' | 'tool';
  content: string | readonly Part[];
}

/** A tool: a function that the caller runs, or one that runs at its provider's (`id`, `args`). */
export interface WireTool {
  type: 'function' | 'provider';
  name: string;
  id?: string | undefined;
  description?: string | undefined;
  inputSchema?: unknown;
  inputExamples?: readonly unknown[] | undefined;
  args?: unknown;
}

export interface CallOptions {
  prompt: readonly Message[];
  maxOutputTokens?: number | undefined;
  temperature?: number | undefined;
  stopSequences?: string[] | undefined;
  topP?: number | undefined;
  topK?: number | undefined;
  presencePenalty?: number | undefined;
  frequencyPenalty?: number | undefined;
  seed?: number | undefined;
  responseFormat?: { type: 'text' } | { type: 'json'; schema?: unknown; description?: string | undefined } | undefined;
  tools?: readonly WireTool[] | undefined;
  toolChoice?: { type: 'auto' | 'none' | 'required' } | { type: 'tool'; toolName: string } | undefined;
  includeRawChunks?: boolean | undefined;
  abortSignal?: AbortSignal | undefined;
  providerOptions?: ProviderOptions | undefined;
  /** V4: how much the model is to reason. */
  reasoning?: string | undefined;
}

export type Content = LanguageModelV3Text | LanguageModelV3Reasoning | LanguageModelV3ToolCall;

type Foreign = 'file' | 'source' | 'tool-result' | 'tool-approval-request';
export type StreamPart = Exclude<LanguageModelV3StreamPart, { type: Foreign }>;

export interface Generated extends LanguageModelV3GenerateResult {
  content: Content[];
}

export interface Streamed extends LanguageModelV3StreamResult {
  stream: ReadableStream<StreamPart>;
}

/** A language model of the AI SDK: pass it as `model` to its functions. */
export interface LanguageModel<Of extends Version> {
  readonly specificationVersion: Of;
  readonly provider: string;
  readonly modelId: string;
  readonly supportedUrls: Record<string, RegExp[]>;
  doGenerate(options: CallOptions): Promise<Generated>;
  doStream(options: CallOptions): Promise<Streamed>;
}
