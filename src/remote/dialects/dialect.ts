import type { BackendRequest } from '../../backend/backend.js';
import { BanyanError } from '../../kit/errors.js';
import type { ChatInput, NativeHint } from '../../native/binding.js';

/** What constrains an answer, as the words of the caller. */
export interface WireGrammar {
  /** GBNF. */
  gbnf: string;
  /** What the prompt has said of that grammar already; '' nothing. */
  begun: string;
  /** The compiled schema that it is of, for an engine of Banyan's, which closes its values at the limit; '': of none. */
  jsonSchema: string;
}

/** What makes the format of a chat's answer at another engine of Banyan's: the settings, and as little of the conversation as will do. */
export type WireFormat = ChatInput & { messages: object[] };

/** A request on its way to another engine. */
export interface WireRequest {
  asked: BackendRequest;
  /** The model's name there. */
  model: string;
  /** Token ids: the prompt, and what of the answer is there already. */
  prompt: number[];
  /** Of those: the last ones, which are of the answer. */
  kept: number;
  /** Tokens that may follow, 1 or more. */
  maxTokens: number;
  grammar: WireGrammar | undefined;
  /** How the answer of a chat is constrained and read; undefined: it is no chat. */
  format: WireFormat | undefined;
  /** Stands for the tenant, without its name; '': no tenant. */
  salt: string;
  /** Stands for the program; '': none. */
  session: string;
  /** Stands for this process, whose programs and groups are numbered. */
  client: string;
  /** The server was declared to have priorities. */
  priorities: boolean;
  /** Advice that goes along, where the dialect takes any. */
  hints?: readonly WireHint[];
}

/** Advice about a program on its way to the engine where it was last. */
export interface WireHint {
  hint: NativeHint;
  program: number;
  client: string;
  salt: string;
}

/** A piece of an answer, as a server streams it. */
export interface WirePiece {
  /** As sampled, an end token among them. */
  tokens: unknown;
  /** What these tokens, and those that were left out, are as text. */
  text?: unknown;
  /** Tokens of the answer so far, where the server counts them: more than came were left out. */
  count?: unknown;
  /** The answer ended by itself, or at its limit; `broken`: the server gave up. */
  end?: 'stop' | 'length' | 'broken' | undefined;
  /** Of the prompt: tokens that were cached; null: the server does not say. */
  cached?: number | null;
  /** One a token of `tokens`. */
  logprobs?: unknown;
  promptLogprobs?: unknown;
  /** With `end`: the limit made it end, and its last value may be cut. */
  shortened?: boolean;
  /** With `end`: what else the server says of its cost. */
  usage?: unknown;
}

/** What a server speaks: one entry of the table of dialects. */
export interface Dialect {
  readonly name: DialectName;
  /** Where requests go. */
  readonly path: string;
  /** Where a text becomes tokens; undefined: nowhere, its tokenizer cannot be checked. */
  readonly tokenize?: { path: string; body(text: string, model: string): object };
  /** The body of a request. Throws INVALID_OPTION for what the server cannot do. */
  body(wire: WireRequest): object;
  /** It ends an answer where it ends here: at stop texts, calls and all. */
  readonly endsThere?: true;
  /**
   * An answer that broke off goes on there whatever it is held to: the server is told which tokens of the prompt are its beginning.
   * Default: one under a grammar, which would begin anew, is asked for from its beginning, and compared.
   */
  readonly goesOn?: true;
  /** Where advice about programs goes; undefined: nowhere. */
  readonly hint?: { path: string; body(hints: readonly WireHint[]): object };
  /** Headers of a request. */
  headers?(wire: WireRequest): Record<string, string>;
  /** Reads an event of the stream; undefined: it says nothing of the answer. */
  read(event: Record<string, unknown>): WirePiece | undefined;
}

export const DIALECT_NAMES = ['vllm', 'sglang', 'trtllm', 'dynamo', 'llama-server', 'banyan'] as const;
export type DialectName = (typeof DIALECT_NAMES)[number];

/** The error of an option that a server does not have. */
export function cannot(dialect: string, field: string, why = 'this engine has no such thing'): BanyanError {
  return new BanyanError('INVALID_OPTION', `${field}: ${why} (${dialect})`, { field });
}

/** What no server of another make does. Throws INVALID_OPTION. */
export function checkPortable(dialect: string, { asked }: WireRequest): void {
  const { sampling } = asked;
  if (asked.promptLogprobs >= 0) throw cannot(dialect, 'promptLogprobs');
  if (sampling.logprobs >= 0) throw cannot(dialect, 'logprobs');
  if (asked.thinkingTokens >= 0) throw cannot(dialect, 'thinkingTokens');
  if (asked.deadlineMs > 0) throw cannot(dialect, 'deadlineMs');
}

/** Throws INVALID_OPTION where tokens are penalised. `why`: what the server would do instead. */
export function checkPenalties(dialect: string, { asked: { sampling } }: WireRequest, why: string): void {
  if (sampling.repeatPenalty !== 1) throw cannot(dialect, 'repeatPenalty', why);
  if (sampling.frequencyPenalty !== 0) throw cannot(dialect, 'frequencyPenalty', why);
  if (sampling.presencePenalty !== 0) throw cannot(dialect, 'presencePenalty', why);
}
