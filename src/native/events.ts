import type { FinishReason, NativeMessage, NativeToolCall, NativeUsage } from './binding.js';

/** One sampled token's logprob and its alternatives. */
export interface TokenLogprob {
  token: number;
  text: string;
  logprob: number;
  top: { token: number; text: string; logprob: number }[];
}

export type NativeEvent =
  /** New output: token ids as sampled (the truth), and the text that became complete with them (may be ''). */
  | { type: 'tokens'; request: number; tokens: number[]; text: string; logprobs?: TokenLogprob[] }
  /** A tool call closed while the rest still decodes (only with a ChatFormat that has tools). */
  | { type: 'tool-call'; request: number; index: number; call: NativeToolCall }
  | { type: 'finish'; request: number; reason: FinishReason; usage: NativeUsage; message: NativeMessage }
  /** The request failed alone; the engine lives on. */
  | { type: 'error'; request: number; code: string; message: string };
