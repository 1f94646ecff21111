import type { ChatMessage, ToolCall, ToolMessage } from '../chat/chat-message.js';
import type { OnOverflow } from '../chat/overflow/overflow-options.js';
import type { GenerationEvent, GenerationResult } from '../engine/generation.js';
import type { ProgramReport } from '../engine/program.js';
import type { TurnOptions } from '../engine/request-options.js';
import type { Session } from '../engine/session.js';
import type { SessionOptions } from '../engine/session-options.js';
import type { Turn } from '../engine/turn.js';
import { engineHint } from '../kit/advice/foreign-shapes.js';
import { invalidOption } from '../kit/option-checks.js';
import { reading } from '../kit/read-options.js';
import type { NativeModelInfo } from '../native/reports/model-info.js';

/**
 * What an agent needs of what computes. An `Engine` is one. So may be what stands in for one: a router over several engines, a
 * small model before a large one, an engine on another machine. A run is one session and one program of its host.
 */
export interface AgentHost<Conversation extends HostSession = Session> {
  /** Digest of the weights, by which a journal knows its model; tokens that a conversation may have. */
  readonly info: Pick<NativeModelInfo, 'digest' | 'maxContext'>;
  /** False: it cannot be told how to draw, and a run without a seed of the caller's asks for none. Default true. */
  readonly seeds?: boolean;
  /** True once nothing can be asked of it any more. */
  readonly closed: boolean;
  /** A new conversation. Throws INVALID_OPTION, INVALID_MESSAGES, MODEL_UNSUPPORTED, CLOSED. */
  session(options: SessionOptions): Conversation;
  /** A new agent run, as the host schedules its requests. */
  program(): HostProgram;
  /** Token ids of a text: results are cut to what is left of the context. */
  tokenize(text: string): Int32Array;
  /** Text of token ids. */
  detokenize(tokens: Int32Array): string;
}

/** A conversation of a host, which grows turn by turn. */
export interface HostSession {
  /** Token ids of the finished turns. */
  readonly tokens: { readonly length: number };
  /** What was said. */
  readonly messages: readonly ChatMessage[];
  /** The turn that ended last, which a journal keeps; undefined before the first one. */
  readonly lastTurn: Turn | undefined;
  /** Tenant that it is of. Default: the agent's. */
  readonly tenant?: string;
  /** What becomes of a turn that no longer fits the context. */
  readonly onOverflow: OnOverflow;
  /** The next turn. What is wrong throws, what fails later rejects: PROMPT_TOO_LONG where it does not fit. */
  generate(message: string | readonly ChatMessage[], options: HostTurn): HostAnswer;
  /** Messages that the next turn begins with. */
  push(messages: readonly ChatMessage[]): void;
  /**
   * How the next turn begins: with these results of the last one's calls, while others are awaited. What is known of its
   * prompt can be computed meanwhile. Advice; a host that does nothing with it has no such method.
   */
  nextPrefix?(results: readonly ToolMessage[], options: Pick<HostTurn, 'program'>): Promise<void>;
  /** Appends a turn that was computed before. */
  restore(message: string | readonly ChatMessage[], turn: Turn): void;
}

/** What an agent asks of a turn. All else are the options of its session. */
export type HostTurn = Pick<
  TurnOptions,
  'program' | 'seed' | 'maxTokens' | 'deadlineMs' | 'ttftLimitMs' | 'toolChoice' | 'durable'
>;

/** One answer under way: read, awaited, or both. */
export interface HostAnswer extends AsyncIterable<GenerationEvent>, PromiseLike<GenerationResult> {
  /** Tool calls as they close. */
  toolCalls(): AsyncIterable<{ index: number; call: ToolCall }>;
  /** Stops it; its result then has finishReason `cancelled`. */
  cancel(): void;
}

/** One agent run, as its host is told of it. Advice only, but for `id`, which its turns carry. */
export interface HostProgram {
  readonly id: number;
  /** A tool has begun, which usually takes so many milliseconds. */
  toolStarted(tool: string, options: { expectedMs?: number | undefined }): void;
  toolEnded(tool: string): void;
  waitingForHuman(): void;
  finished(): void;
  /** What the run cost so far; undefined: not known. */
  report(): Promise<ProgramReport | undefined>;
}

const ASKED = ['session', 'program', 'tokenize', 'detokenize'] as const satisfies (keyof AgentHost)[];

/** Whether an agent can run on it. Throws INVALID_OPTION. */
export function checkHost(field: string, value: unknown): AgentHost {
  const host = Object(value) as Partial<AgentHost>;
  if (reading(field, () => ASKED.every((name) => typeof host[name] === 'function'))) return value as AgentHost;
  throw invalidOption(field, 'an engine of Engine.load()', value, engineHint(value));
}

/** Whether a run can go on with it. Throws INVALID_OPTION. */
export function checkSession(field: string, value: unknown): HostSession {
  const session = Object(value) as Partial<HostSession>;
  if (reading(field, () => typeof session.generate === 'function')) return value as HostSession;
  throw invalidOption(field, 'a session of the engine', value);
}
