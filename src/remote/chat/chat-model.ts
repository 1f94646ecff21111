/*
 * A language model of the AI SDK, as far as it is asked here: providers' packages make them (`@ai-sdk/openai`, `@ai-sdk/anthropic` ...).
 * Typed by what is used, so that a program without `@ai-sdk/provider` compiles.
 */

/** What a provider says beside texts and calls, such as a signature, or is told, by its name. */
export type ChatMetadata = Record<string, { [name: string]: ChatJson | undefined }>;
export type ChatJson = null | string | number | boolean | ChatJson[] | { [name: string]: ChatJson | undefined };

interface Told {
  /** What the provider is told beside it. */
  providerOptions?: ChatMetadata;
}

/** A text, or what the model thought. */
export interface ChatText extends Told {
  type: 'text' | 'reasoning';
  text: string;
}

/** A call of a tool. */
export interface ChatCallPart extends Told {
  type: 'tool-call';
  toolCallId: string;
  toolName: string;
  input: unknown;
}

/** What a call gave. */
export interface ChatResultPart extends Told {
  type: 'tool-result';
  toolCallId: string;
  toolName: string;
  output: { type: 'text'; value: string };
}

/** A message of a conversation. */
export type ChatTurn = Told &
  (
    | { role: 'system'; content: string }
    | { role: 'user'; content: { type: 'text'; text: string }[] }
    | { role: 'assistant'; content: (ChatPartOf<'text'> | ChatPartOf<'reasoning'> | ChatCallPart)[] }
    | { role: 'tool'; content: ChatResultPart[] }
  );

/** A text of one kind. */
export type ChatPartOf<Kind extends ChatText['type']> = Omit<ChatText, 'type'> & { type: Kind };

/** One request. */
export interface ChatCallOptions extends Told {
  prompt: ChatTurn[];
  maxOutputTokens?: number;
  temperature?: number;
  stopSequences?: string[];
  topP?: number;
  topK?: number;
  presencePenalty?: number;
  frequencyPenalty?: number;
  seed?: number;
  responseFormat?: { type: 'json'; schema: Record<string, unknown>; name: string };
  tools?: { type: 'function'; name: string; description: string; inputSchema: Record<string, unknown> }[];
  toolChoice?: { type: 'auto' | 'none' | 'required' };
  abortSignal?: AbortSignal;
}

/** A piece of an answer: what it has depends on its `type`. */
export interface ChatPiece {
  readonly type: string;
  readonly delta?: string;
  readonly toolCallId?: string;
  readonly toolName?: string;
  readonly input?: unknown;
  readonly providerExecuted?: boolean;
  readonly error?: unknown;
  readonly warnings?: readonly ChatWarning[];
  readonly usage?: ChatUsage;
  readonly finishReason?: { readonly unified: string; readonly raw: string | undefined };
  readonly providerMetadata?: ChatMetadata;
}

/** What a provider does otherwise than it was asked. */
export interface ChatWarning {
  readonly type: string;
  readonly feature?: string;
  readonly details?: string;
}

/** Tokens of a request, as its provider counts them. */
export interface ChatUsage {
  readonly inputTokens: { readonly total: number | undefined; readonly cacheRead: number | undefined };
  readonly outputTokens: { readonly total: number | undefined; readonly reasoning: number | undefined };
  /** As it came over the wire. */
  readonly raw?: object;
}

interface Pieces {
  getReader(): {
    read(): Promise<{ done: boolean; value?: ChatPiece | undefined }>;
    cancel(): Promise<void>;
  };
}

/** A language model of the AI SDK, version 3 of its interface or 4: `openai.chat('...')`, `anthropic('...')`. */
export interface ChatModel {
  readonly specificationVersion: 'v3' | 'v4';
  readonly provider: string;
  readonly modelId: string;
  doStream(options: ChatCallOptions): PromiseLike<{ stream: Pieces }>;
}
