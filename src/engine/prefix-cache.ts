import type { Backend, TokenCodec } from '../backend/backend.js';
import { TOOLS, toChatSettings } from '../chat/chat-options.js';
import { toConversation } from '../chat/conversation.js';
import { checkRaw, isMessages, type Prompt, rawTokens } from '../chat/prompt.js';
import { readPrompt } from '../chat/read-prompt.js';
import { renderChat } from '../chat/render-chat.js';
import { complete } from '../kit/complete-options.js';
import { readTable } from '../kit/option-table.js';
import { number, type OptionsOf } from '../native/option-kinds.js';
import type { NativeMiss } from '../native/reports/usage.js';
import { TENANT } from './request-options.js';

/** Which prompt is meant: the same tools and tenant as in `generate`. */
export interface PrefixOptions extends OptionsOf<typeof PREFIX> {}

/**
 * How far a prompt is cached. When it diverged: what the prompt has there, and, in an engine with `revealMisses`, what the
 * cache holds.
 */
export interface Miss {
  reason: NativeMiss['reason'];
  promptTokens: number;
  matchedTokens: number;
  /** Text before the first token that is not cached, at most 16 tokens of it. */
  after: string;
  expected: string | undefined;
  actual: string | undefined;
}

/** The table of PrefixOptions. */
export const PREFIX = { ...TOOLS, ...TENANT };

/** The table of PinOptions. */
export const PIN = {
  ...PREFIX,
  /** Milliseconds that the prefix is kept, 1 to 86,400,000. Default 300,000. */
  ttlMs: number({ min: 1, max: 24 * 3_600_000, whole: false }, 5 * 60_000),
  /** Part of all pages that the pins of the tenant may hold together, 0 to 1: what goes beyond is not pinned. Default 1. */
  share: number({ min: 0, max: 1, whole: false }, 1),
};

/** Which prompt is meant, and for how long. */
export interface PinOptions extends OptionsOf<typeof PIN> {}

/** Messages are rendered without a generation prompt: what is asked for is a beginning that others share. */
export async function prefixTokens(codec: TokenCodec, prompt: Prompt, options: PrefixOptions): Promise<Int32Array> {
  if (!isMessages(prompt)) return rawTokens(codec, checkRaw(codec.info, prompt));
  const messages = toConversation(prompt, false);
  const settings = toChatSettings({ tools: options.tools }, undefined);
  return (await renderChat(codec, settings, messages, false)).tokens;
}

export function nameMiss(miss: NativeMiss, tokens: Int32Array, textOf: (tokens: Int32Array) => string): Miss {
  const { reason, promptTokens, matched } = miss;
  const name = (token: number) => (token < 0 ? undefined : textOf(Int32Array.of(token)));
  return {
    reason,
    promptTokens,
    matchedTokens: matched,
    after: textOf(tokens.subarray(Math.max(0, matched - 16), matched)),
    expected: name(miss.expected),
    actual: name(miss.actual),
  };
}

/** A cached prefix that pressure cannot evict until it is released or its time is over. */
export class Pin implements AsyncDisposable {
  readonly #backend: Backend;
  readonly #id: number;
  /** How many tokens of the prompt are pinned; 0 when nothing of it is cached, or the tenant's share is spent. */
  readonly tokens: number;

  private constructor(backend: Backend, id: number, tokens: number) {
    this.#backend = backend;
    this.#id = id;
    this.tokens = tokens;
  }

  static async take(backend: Backend, prompt: Prompt, given: PinOptions): Promise<Pin> {
    const options = complete(PIN, readTable('options', given, PIN));
    const tokens = await prefixTokens(backend, readPrompt(prompt), options);
    const pinned = await backend.pin(options.tenant, tokens, options.ttlMs, options.share);
    return new Pin(backend, pinned.id, pinned.tokens);
  }

  /** False when it had expired or was released already. */
  async release(): Promise<boolean> {
    return this.#id !== 0 && (await this.#backend.unpin(this.#id));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
  }
}
