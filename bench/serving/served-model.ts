import { randomModel } from '../../testing/models/random-model.js';

/** Path of a model that takes some milliseconds a step, slow enough for one call a step; no answer ends before its limit. */
export function servedModel(): string {
  return randomModel({
    ...{ architecture: 'qwen2', layers: 4, embedding: 256, heads: 8, kvHeads: 4, feedForward: 512 },
    ...{ context: 8_192, logitBias: { '<|im_end|>': -40, '<|endoftext|>': -40 } },
  });
}
