import { number } from './option-kinds.js';

/**
 * How tokens are chosen. Defaults are llama.cpp's, where the model's file recommends no others (`info.sampling`). Ranges:
 * native/runner/sampling/sampling-options.h.
 */
export const SAMPLING = {
  /** Temperature: 0 takes the likeliest token. 0 to 100. Default 0.8. */
  temperature: number('request.sampling', 0.8),
  /** Number of likeliest tokens to choose from, 0 to 1,000,000; 0: all. Default 40. */
  topK: number('request.sampling', 40),
  /** Share of the likeliest tokens to choose from, by probability, 0 to 1. Default 0.95. */
  topP: number('request.sampling', 0.95),
  /** Share of the likeliest token's probability below which a token is dropped, 0 to 1. Default 0.05. */
  minP: number('request.sampling', 0.05),
  /** Divisor of the logits of recent tokens of the answer, 0.01 to 100; 1: off. Default 1. */
  repeatPenalty: number('request.sampling', 1),
  /** Penalty of a token for each time it occurred in the answer, -100 to 100. Default 0. */
  frequencyPenalty: number('request.sampling', 0),
  /** Penalty of each token that occurred in the answer, -100 to 100. Default 0. */
  presencePenalty: number('request.sampling', 0),
  /** Tokens of the answer that the penalties look back, -1 to 1,048,576; -1: all of it. Default 64. */
  penaltyLastN: number('request.sampling', 64),
  /** Seed: the same one, the same choice. -1 to 4,294,967,295; -1: random. Default -1. */
  seed: number('request.sampling', -1),
  /** Alternatives that are reported of each token, with its logprob, -1 to 20; -1: no logprobs. Default -1. */
  logprobs: number('request.sampling', -1),
};
