import { checkInteger, checkNumber } from '../kit/option-checks.js';
import type { NativeSampling } from '../native/binding.js';

/** Defaults are llama.cpp's. */
export interface SamplingOptions {
  /** 0 takes the likeliest token; at most 100. Default 0.8. */
  temperature?: number | undefined;
  /** Keep the k likeliest tokens, at most 1,000,000; 0 = off. Default 40. */
  topK?: number | undefined;
  /** Keep the likeliest tokens that together reach p, 0 to 1. Default 0.95. */
  topP?: number | undefined;
  /** Drop tokens below this share of the likeliest one, 0 to 1. Default 0.05. */
  minP?: number | undefined;
  /** Divides the logits of recent tokens of the answer, 0.01 to 100; 1 = off, the default. */
  repeatPenalty?: number | undefined;
  /** Subtracted once for each time a token occurred in the answer, -100 to 100. Default 0. */
  frequencyPenalty?: number | undefined;
  /** Subtracted once from each token that occurred in the answer, -100 to 100. Default 0. */
  presencePenalty?: number | undefined;
  /** Tokens of the answer that the penalties look back, at most 1,048,576; -1 = all of it. Default 64. */
  penaltyLastN?: number | undefined;
  /** Same seed, same choice: 0 to 2^32 - 1. -1, the default: random. */
  seed?: number | undefined;
  /** Report each token's logprob and this many alternatives, 0 to 20. -1, the default: none. */
  logprobs?: number | undefined;
}

interface Range {
  readonly standard: number;
  readonly min: number;
  readonly max: number;
  /** Whole numbers only. */
  readonly whole?: true;
}

/** The same limits as in native/addon/parse-options.cpp: a test holds each against the other. */
export const SAMPLING_RANGES: Readonly<Record<keyof NativeSampling, Range>> = {
  temperature: { standard: 0.8, min: 0, max: 100 },
  topK: { standard: 40, min: 0, max: 1_000_000, whole: true },
  topP: { standard: 0.95, min: 0, max: 1 },
  minP: { standard: 0.05, min: 0, max: 1 },
  repeatPenalty: { standard: 1, min: 0.01, max: 100 },
  frequencyPenalty: { standard: 0, min: -100, max: 100 },
  presencePenalty: { standard: 0, min: -100, max: 100 },
  penaltyLastN: { standard: 64, min: -1, max: 2 ** 20, whole: true },
  seed: { standard: -1, min: -1, max: 2 ** 32 - 1, whole: true },
  logprobs: { standard: -1, min: -1, max: 20, whole: true },
};

export const SAMPLING_KEYS: readonly string[] = Object.keys(SAMPLING_RANGES);

/** Throws INVALID_OPTION. */
export function toNativeSampling(options: SamplingOptions): NativeSampling {
  const read = (key: keyof NativeSampling): number => {
    const { standard, min, max, whole } = SAMPLING_RANGES[key];
    return (whole ? checkInteger : checkNumber)(key, options[key] ?? standard, min, max);
  };
  return {
    temperature: read('temperature'),
    topK: read('topK'),
    topP: read('topP'),
    minP: read('minP'),
    repeatPenalty: read('repeatPenalty'),
    frequencyPenalty: read('frequencyPenalty'),
    presencePenalty: read('presencePenalty'),
    penaltyLastN: read('penaltyLastN'),
    seed: read('seed'),
    logprobs: read('logprobs'),
  };
}
