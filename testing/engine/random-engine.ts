import { Engine } from '../../src/engine/engine.js';
import type { EngineOptions } from '../../src/engine/engine-options.js';
import { type RandomModelOptions, randomModel } from '../models/random-model.js';

/**
 * A random model that can end what it begins: a tool call is likely where one may start, the end of the turn where one may
 * end, quotes and braces close JSON. Grammars do the rest.
 */
export const ENDING_MODEL: RandomModelOptions = {
  architecture: 'qwen2',
  logitBias: { '<tool_call>': 6, '<|im_end|>': 6, '"': 4, '}': 3, ']': 3 },
};

/** A random model that rambles until a limit stops it. */
export const RAMBLING_MODEL: RandomModelOptions = {
  architecture: 'qwen2',
  logitBias: { '<|im_end|>': -40, '<|endoftext|>': -40 },
};

/** One thread: the tests run beside each other. */
export function openEngine(model: RandomModelOptions, options: Omit<EngineOptions, 'model'> = {}): Promise<Engine> {
  return Engine.load({ model: randomModel(model), threads: 1, kvTokens: 16_384, ...options });
}

/** Tokens that no other prompt of this kind has: ordinary ones, drawn from a fixed sequence. */
export function tokens(count: number, seed: number): number[] {
  let state = seed * 2_654_435_761;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return 100 + (state % 300);
  });
}
