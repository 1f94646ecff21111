import type { GenerationResult } from '../../engine/generation.js';

/**
 * What no face has a word for, beside its own fields: `banyan.shortened` of an answer that had to be whole and that its limit of
 * tokens made end, so that its last value may be cut short. Nothing of any other answer.
 */
export function answerMarks({ shortened }: Pick<GenerationResult, 'shortened'>): object {
  return shortened ? { banyan: { shortened } } : {};
}
