import type { NativeSampling } from '../native/binding.js';
import { checkInteger, checkNumber } from './option-checks.js';

/** Defaults are llama.cpp's. */
export interface SamplingOptions {
  /** 0 takes the likeliest token. Default 0.8. */
  temperature?: number | undefined;
  /** Keep the k likeliest tokens; 0 = off. Default 40. */
  topK?: number | undefined;
  /** Keep the likeliest tokens that together reach p. Default 0.95. */
  topP?: number | undefined;
  /** Drop tokens below this share of the likeliest one. Default 0.05. */
  minP?: number | undefined;
  /** Divides the logits of recent tokens; 1 = off, the default. */
  repeatPenalty?: number | undefined;
  /** Subtracted once for each time a token occurred. Default 0. */
  frequencyPenalty?: number | undefined;
  /** Subtracted once from each token that occurred. Default 0. */
  presencePenalty?: number | undefined;
  /** Tokens that the penalties look back; -1 = all. Default 64. */
  penaltyLastN?: number | undefined;
  /** Same seed, same choice. Default: random. */
  seed?: number | undefined;
  /** Report each token's logprob and this many alternatives (0 to 20). Default: none. */
  logprobs?: number | undefined;
}

export const SAMPLING_KEYS = [
  ...['temperature', 'topK', 'topP', 'minP', 'repeatPenalty', 'frequencyPenalty', 'presencePenalty'],
  ...['penaltyLastN', 'seed', 'logprobs'],
];

export function toNativeSampling(options: SamplingOptions): NativeSampling {
  return {
    temperature: checkNumber('temperature', options.temperature ?? 0.8, 0, 100),
    topK: checkInteger('topK', options.topK ?? 40, 0, 1_000_000),
    topP: checkNumber('topP', options.topP ?? 0.95, 0, 1),
    minP: checkNumber('minP', options.minP ?? 0.05, 0, 1),
    repeatPenalty: checkNumber('repeatPenalty', options.repeatPenalty ?? 1, 0.01, 100),
    frequencyPenalty: checkNumber('frequencyPenalty', options.frequencyPenalty ?? 0, -100, 100),
    presencePenalty: checkNumber('presencePenalty', options.presencePenalty ?? 0, -100, 100),
    penaltyLastN: checkInteger('penaltyLastN', options.penaltyLastN ?? 64, -1, 2 ** 20),
    seed: checkInteger('seed', options.seed ?? -1, -1, 2 ** 32 - 1),
    logprobs: checkInteger('logprobs', options.logprobs ?? -1, -1, 20),
  };
}
