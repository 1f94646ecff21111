import { type RandomModelOptions, randomModel } from '../../test/support/random-model.js';

/** CI scale: 8 layers of 512, 8 heads on 4, Q8_0. Lengths are those of the workloads over 16, tool times over 50. */
const CI_SHAPE: RandomModelOptions = {
  architecture: 'qwen3',
  layers: 8,
  embedding: 512,
  heads: 8,
  kvHeads: 4,
  headDim: 64,
  feedForward: 1536,
  vocabulary: 4096,
  context: 32_768,
  type: 'Q8_0',
};

export const CI_MODEL = 'random qwen3, 8 layers x 512, 8 heads on 4 of 64, ff 1536, Q8_0, vocabulary 4,096';

export const ciModel = (): string => randomModel(CI_SHAPE);

export const scaled = (tokensAtGpuScale: number): number => Math.round(tokensAtGpuScale / 16);
